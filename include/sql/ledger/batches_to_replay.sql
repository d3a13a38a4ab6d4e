-- Grain: one batch of a source that lies in landing. Reads batch, quarantine_status. What a replay reads again, in the
-- order of the pulls: those that are loaded, and those that validation held or failed. `open_without_key` are the
-- records without a key that are set aside and not settled, by their number in landing, which a replay keeps. Of a
-- register each pull gave all that its unit ever had, since the day on which it began.
with open_records as (
    select
        coalesce(own.replay_of, own.batch_id) as batch_id,
        array_agg(cast(quarantine_status.record ->> 'record_no' as integer)) as open_without_key
    from quarantine_status
    inner join batch as own on quarantine_status.batch_id = own.batch_id
    where
        own.source_id = :source_id
        and quarantine_status.status = 'open'
        and quarantine_status.record_id is null
    group by coalesce(own.replay_of, own.batch_id)
)

select
    batch.batch_id,
    coalesce(open_records.open_without_key, cast(array[] as integer[])) as open_without_key,
    case when batch.opening_ended_by = 'register' then batch.stock_from end as register_began
from batch
left join open_records on batch.batch_id = open_records.batch_id
where
    batch.source_id = :source_id
    and batch.replay_of is null
    and batch.manifest_sha256 is not null
    and (batch.state = 'loaded' or (batch.state in ('held', 'failed') and batch.failed_stage = 'validate'))
order by batch.pull_no
