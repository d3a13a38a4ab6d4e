-- Grain: one row. Reads batch. The first day that any of these sources has answered for; null before a first pull.
select min(window_from) as first_day
from batch
where state = 'loaded' and source_id = any(cast(:source_ids as text[]))
