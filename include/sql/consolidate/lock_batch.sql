-- Grain: one batch. Reads batch. Locks the batch, so that a second run of the same batch waits and then finds it
-- loaded. A replay says what its pull said: `said_at` is that of the pull, `extracted_at` when it was read again. It is
-- overtaken where a later replay of the same pull is loaded.
select
    batch.state,
    batch.pulled_count,
    batch.out_of_window_count,
    batch.duplicate_count,
    batch.quarantined_count,
    batch.extracted_at,
    batch.said_in_pull as pull_no,
    batch.replay_of is not null as is_replay,
    case when batch.replay_of is not null then batch.planned_at end as chosen_at,
    coalesce(read_again.extracted_at, batch.extracted_at) as said_at,
    exists(
        select from batch as later
        where later.replay_of = batch.replay_of and later.state = 'loaded' and later.pull_no > batch.pull_no
    ) as is_overtaken
from batch
left join batch as read_again on batch.replay_of = read_again.batch_id
where batch.batch_id = :batch_id
for update of batch
