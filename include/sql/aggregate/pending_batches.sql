-- Grain: one batch. Reads batch. Loaded batches that are not in the measures yet. The rows stay locked until the
-- transaction that measures them ends.
select batch_id
from batch
where state = 'loaded' and measured_at is null
order by batch_id
for update
