-- Grain: one record set aside, the newest first. Reads quarantine_record, batch.
-- Only the latest record of a dossier counts; earlier records are superseded. The latest record is accepted when a
-- batch that accepted the dossier is loaded. Until then it is open.
with latest as (
    select
        *,
        row_number() over (
            partition by source_id, system_code, agency_code, coalesce(dossier_id, '#' || quarantine_id)
            order by quarantine_id desc
        ) as age
    from quarantine_record
    where cast(:source_id as text) is null or source_id = :source_id
),

judged as (
    select
        latest.quarantine_id,
        latest.source_id,
        latest.batch_id,
        latest.system_code,
        latest.agency_code,
        latest.dossier_id,
        latest.dossier_no,
        latest.broken_rules,
        latest.record,
        latest.set_aside_at,
        latest.accepted_in_batch_id,
        case
            when latest.age > 1 then 'superseded'
            when batch.state = 'loaded' then 'accepted'
            else 'open'
        end as status
    from latest
    left join batch on latest.accepted_in_batch_id = batch.batch_id
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
        and (cast(:quarantine_id as bigint) is null or quarantine_id = :quarantine_id)
)

select
    quarantine_id,
    source_id,
    batch_id,
    system_code,
    agency_code,
    dossier_id,
    dossier_no,
    broken_rules,
    record,
    set_aside_at,
    accepted_in_batch_id,
    status
from final
order by quarantine_id desc
limit :row_limit
