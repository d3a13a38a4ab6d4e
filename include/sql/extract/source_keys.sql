-- Grain: one rule by which the keys of a source's dossiers were made. Reads source_key. The newest comes last.
select made_by
from source_key
where source_id = :source_id
order by used_from, made_by
