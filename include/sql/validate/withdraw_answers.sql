-- Grain: one quarantine record. Writes quarantine_record. Why: validating a batch again starts from the state before
-- it.
update quarantine_record
set accepted_in_batch_id = null
where accepted_in_batch_id = :batch_id
