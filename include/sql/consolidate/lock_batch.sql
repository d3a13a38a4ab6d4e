-- Grain: one batch. Reads batch. Locks the batch, so that a second run of the same batch waits and then finds it
-- loaded.
select
    state,
    pulled_count,
    out_of_window_count,
    duplicate_count,
    quarantined_count,
    extracted_at,
    pull_no
from batch
where batch_id = :batch_id
for update
