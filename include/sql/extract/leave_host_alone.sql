-- Grain: one host. Writes host_circuit. The failure that makes them too many, or a failed trial, leaves the host alone
-- for a pause that doubles each time. Too many: without a connection, or of so many different sources that it cannot be
-- their sites. Requests already under way do not lengthen the pause.
update host_circuit
set
    trip_count = trip_count + 1,
    opened_until = clock_timestamp() + make_interval(
        secs => least(:longest_pause_seconds, :pause_seconds * 2 ^ least(trip_count, 30))
    )
where
    host = :host
    and coalesce(opened_until <= clock_timestamp(), true)
    and (
        opened_until is not null
        or unreachable_count >= :failures
        or (failure_count >= :failures and cardinality(source_ids) >= :sources)
    )
