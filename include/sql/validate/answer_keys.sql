-- Grain: one quarantine record. Reads batch. Writes quarantine_record: the batch that accepted the record in the end,
-- unless it was pulled before the batch that set the record aside. Why: an accepted record that equals the store's
-- version makes no new version, so the store alone does not show that it is settled.
update quarantine_record
set accepted_in_batch_id = :batch_id
from
    unnest(
        cast(:system_codes as text[]),
        cast(:agency_codes as text[]),
        cast(:record_ids as text[])
    ) as answered (system_code, agency_code, record_id)
where
    quarantine_record.source_id = :source_id
    and quarantine_record.record_kind = :record_kind
    and quarantine_record.batch_id <> :batch_id
    and quarantine_record.accepted_in_batch_id is null
    and quarantine_record.batch_id not in (
        select later.batch_id
        from batch as own
        inner join batch as later on own.said_in_pull < later.said_in_pull
        where own.batch_id = :batch_id
    )
    and quarantine_record.system_code = answered.system_code
    and quarantine_record.agency_code = answered.agency_code
    and quarantine_record.record_id = answered.record_id
