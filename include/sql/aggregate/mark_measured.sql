-- Grain: one batch. Writes batch. Runs in the transaction that applies the increment of the batch, so that an
-- increment is never applied twice or in part.
update batch
set measured_at = now()
where batch_id = any(:batch_ids)
