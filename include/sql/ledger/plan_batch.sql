-- Grain: one batch. Writes batch. A batch that is already planned keeps its window and its state: planning is
-- idempotent.
insert into batch (
    batch_id, run_id, source_id, record_kind, is_whole, level, window_from, window_to, landing_uri, is_shrink_accepted,
    is_change_accepted, is_opening
)
values (
    :batch_id,
    :run_id,
    :source_id,
    :record_kind,
    :is_whole,
    :level,
    :window_from,
    :window_to,
    :landing_uri,
    :is_shrink_accepted,
    :is_change_accepted,
    :is_opening
)
on conflict (batch_id) do nothing
