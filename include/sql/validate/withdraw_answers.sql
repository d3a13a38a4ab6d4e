-- Grain: one quarantine record. Writes quarantine_record. Why: judging a batch again starts from what stood before it.
update quarantine_record
set accepted_in_batch_id = null
where accepted_in_batch_id = :batch_id
