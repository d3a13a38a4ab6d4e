-- Grain: one batch. Writes batch: one attempt more, and the number of its pull, the next of all pulls. Who calls it
-- holds the lock on the order of pulls. An attempt that starts later has a later number, also of the same batch.
update batch
set
    attempt_count = attempt_count + 1,
    pull_no = (
        select coalesce(max(numbered.pull_no), 0) + 1
        from batch as numbered
    )
where batch_id = :batch_id
returning pull_no
