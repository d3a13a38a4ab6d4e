-- Grain: one first day of a new numbering of a source. Reads source_numbering.
select since
from source_numbering
where source_id = :source_id
order by since
