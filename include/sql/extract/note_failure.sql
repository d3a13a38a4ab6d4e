-- Grain: one host. Writes host_circuit. One more failure in a row; the one that makes them too many, or a failed trial,
-- leaves the host alone for a pause that doubles each time. Requests already under way do not lengthen it.
insert into host_circuit as circuit (host, failure_count, trip_count, opened_until, last_failure_at, last_failure)
values (
    :host,
    1,
    case when :failures <= 1 then 1 else 0 end,
    case when :failures <= 1 then clock_timestamp() + make_interval(secs => :pause_seconds) end,
    clock_timestamp(),
    :failure
)
on conflict (host) do update
    set
        failure_count = circuit.failure_count + 1,
        trip_count = circuit.trip_count + case
            when
                circuit.failure_count + 1 >= :failures
                and coalesce(circuit.opened_until <= clock_timestamp(), true) then 1
            else 0
        end,
        opened_until = case
            when
                circuit.failure_count + 1 >= :failures
                and coalesce(circuit.opened_until <= clock_timestamp(), true)
                then clock_timestamp() + make_interval(
                    secs => least(:longest_pause_seconds, :pause_seconds * 2 ^ least(circuit.trip_count, 30))
                )
            else circuit.opened_until
        end,
        trial_until = null,
        last_failure_at = clock_timestamp(),
        last_failure = excluded.last_failure
