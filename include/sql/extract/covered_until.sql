-- Grain: one source. Reads batch. The last day that a loaded batch of the source covers.
select max(window_to) as covered_until
from batch
where source_id = :source_id and state = 'loaded'
