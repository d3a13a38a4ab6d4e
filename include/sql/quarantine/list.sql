-- Grain: one record set aside, the newest first. Reads quarantine_record, batch.
-- Only the latest record of a key counts; earlier records are superseded. A record without a key is superseded when its
-- source has answered for the same days again. A record is accepted when a batch that accepted it is loaded. Until then
-- it is open.
with latest as (
    select
        *,
        row_number() over (
            partition by source_id, record_kind, system_code, agency_code, coalesce(record_id, '#' || quarantine_id)
            order by quarantine_id desc
        ) as age
    from quarantine_record
    where cast(:source_id as text) is null or source_id = :source_id
),

judged as (
    select
        latest.quarantine_id,
        latest.record_kind,
        latest.source_id,
        latest.batch_id,
        latest.system_code,
        latest.agency_code,
        latest.record_id,
        latest.dossier_no,
        latest.unit_id,
        latest.broken_rules,
        latest.record,
        latest.set_aside_at,
        latest.accepted_in_batch_id,
        case
            when latest.age > 1 then 'superseded'
            when accepting.state = 'loaded' then 'accepted'
            when
                latest.record_id is null
                and exists (
                    select from batch as later
                    where
                        later.source_id = latest.source_id
                        and later.record_kind = latest.record_kind
                        and later.state = 'loaded'
                        and later.extracted_at > own.extracted_at
                        and (
                            later.is_whole
                            or (later.window_from <= own.window_from and own.window_to <= later.window_to)
                        )
                )
                then 'superseded'
            else 'open'
        end as status
    from latest
    inner join batch as own on latest.batch_id = own.batch_id
    left join batch as accepting on latest.accepted_in_batch_id = accepting.batch_id
),

final as (
    select *
    from judged
    where
        (not :only_open or status = 'open')
        and (
            cast(:rule_id as text) is null
            or broken_rules @> jsonb_build_array(jsonb_build_object('rule_id', cast(:rule_id as text)))
        )
        and (cast(:batch_id as text) is null or batch_id = :batch_id)
        and (cast(:quarantine_id as bigint) is null or quarantine_id = :quarantine_id)
)

select
    quarantine_id,
    record_kind,
    source_id,
    batch_id,
    system_code,
    agency_code,
    record_id,
    dossier_no,
    unit_id,
    broken_rules,
    record,
    set_aside_at,
    accepted_in_batch_id,
    status
from final
order by quarantine_id desc
limit :row_limit
