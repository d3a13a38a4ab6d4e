-- Grain: one batch. Reads batch. Writes batch: a replay of a loaded batch. It takes the next number of all pulls, so
-- that each batch has one, and keeps the place of the pull that it reads again. Who calls it holds the lock on the
-- order of pulls. `planned_at` is the moment at which its records were chosen: what is loaded later may be newer.
insert into batch (
    batch_id, run_id, source_id, record_kind, is_whole, level, window_from, window_to, landing_uri, attempt_count,
    planned_at, replay_of, replays_pull, pull_no
)
select
    :batch_id as batch_id,
    :run_id as run_id,
    read_again.source_id,
    read_again.record_kind,
    read_again.is_whole,
    read_again.level,
    read_again.window_from,
    read_again.window_to,
    :landing_uri as landing_uri,
    1 as attempt_count,
    :chosen_at as planned_at,
    read_again.batch_id as replay_of,
    read_again.pull_no as replays_pull,
    (select max(numbered.pull_no) + 1 from batch as numbered) as pull_no
from batch as read_again
where read_again.batch_id = :replay_of
returning pull_no
