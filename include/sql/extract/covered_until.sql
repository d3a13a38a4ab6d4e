-- Grain: one source. Reads batch. The last day it has answered for in a loaded batch.
select max(window_to) as covered_until
from batch
where source_id = :source_id and state = 'loaded'
