-- Grain: one host. Writes host_circuit. Counts one more failure in a row, with its source. unreachable_count counts the
-- failures without any connection: these are failures of the host, not of one site on it.
insert into host_circuit as circuit (
    host,
    failure_count,
    unreachable_count,
    source_ids,
    last_failure_at,
    last_failure
)
values (:host, 1, :unreachable, array[cast(:source_id as text)], clock_timestamp(), :failure)
on conflict (host) do update
    set
        failure_count = circuit.failure_count + 1,
        unreachable_count = circuit.unreachable_count + excluded.unreachable_count,
        source_ids = case
            when circuit.source_ids @> excluded.source_ids then circuit.source_ids
            else circuit.source_ids || excluded.source_ids
        end,
        trial_until = null,
        last_failure_at = clock_timestamp(),
        last_failure = excluded.last_failure
