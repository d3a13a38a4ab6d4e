-- Grain: one batch. Reads batch. Loaded batches whose versions the measures do not yet hold, locked until they do.
select batch_id
from batch
where state = 'loaded' and measured_at is null
order by batch_id
for update
