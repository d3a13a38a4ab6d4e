-- Grain: one batch. Reads batch. Two runs of one batch wait for each other here; the second finds it loaded.
select
    state,
    pulled_count,
    out_of_window_count,
    duplicate_count,
    quarantined_count,
    extracted_at
from batch
where batch_id = :batch_id
for update
