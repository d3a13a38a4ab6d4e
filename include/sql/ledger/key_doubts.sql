-- Grain: one source whose newest pull left keys in doubt. Reads batch. A group of keys seems to mean one dossier. A
-- replay looks for no doubts, so it settles none.
with newest as (
    select distinct on (source_id)
        source_id,
        key_doubts
    from batch
    where source_id = any(cast(:source_ids as text[])) and extracted_at is not null and replay_of is null
    order by source_id asc, pull_no desc nulls last, extracted_at desc
)

select
    source_id,
    cast(key_doubts ->> 'count' as bigint) as group_count
from newest
where key_doubts is not null
order by source_id
