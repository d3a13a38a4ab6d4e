-- Grain: one batch. Writes batch, in the transaction that applies its increment: never twice, never half.
update batch
set measured_at = now()
where batch_id = any(:batch_ids)
