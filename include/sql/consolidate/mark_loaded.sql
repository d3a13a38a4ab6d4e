-- Grain: one batch. Writes batch. `loaded_at` is taken under the lock of the merge, so it is the order in which batches
-- are loaded. The table refuses a loaded batch whose counts do not add up to the pulled records. A
-- batch whose contributions are not summed by day does not wait for measures.
update batch
set
    state = 'loaded',
    new_count = :new_count,
    changed_count = :changed_count,
    unchanged_count = :unchanged_count,
    stale_count = :stale_count,
    duplicate_count = duplicate_count + :copy_count,
    unconfirmed_count = :unconfirmed_count,
    tombstoned_count = :tombstoned_count,
    restored_count = :restored_count,
    loaded_at = clock_timestamp(),
    measured_at = case when :is_measured then now() end,
    failed_stage = null,
    error_kind = null,
    error_message = null
where batch_id = :batch_id
