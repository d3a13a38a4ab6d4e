-- Grain: one record set aside. Reads quarantine_status. The newest records come first.
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
from quarantine_status
where
    (cast(:source_id as text) is null or source_id = :source_id)
    and (not :only_open or status = 'open')
    and (
        cast(:rule_id as text) is null
        or broken_rules @> jsonb_build_array(jsonb_build_object('rule_id', cast(:rule_id as text)))
    )
    and (cast(:batch_id as text) is null or batch_id = :batch_id)
    and (cast(:quarantine_id as bigint) is null or quarantine_id = :quarantine_id)
order by quarantine_id desc
limit :row_limit
