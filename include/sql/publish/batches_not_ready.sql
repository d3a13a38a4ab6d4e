-- Grain: one batch. Reads batch. Loaded batches that no report may use yet: their measures are not built, or some of
-- their records are not accounted for (design.md idea 5). Batches of other installations' sources are left out.
select
    batch_id,
    measured_at is null as is_unmeasured
from batch
where
    state = 'loaded'
    and not (source_id = any(cast(:other_source_ids as text[])))
    and (
        measured_at is null
        or (
            pulled_count
            = new_count + changed_count + unchanged_count + coalesce(stale_count, 0)
            + duplicate_count + quarantined_count + out_of_window_count
        ) is not true
        or declared_total <> pulled_count
    )
order by batch_id
