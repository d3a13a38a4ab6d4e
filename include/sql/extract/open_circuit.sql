-- Grain: one host. Writes host_circuit. Opens the circuit of a host after too many failures or a failed trial: the host
-- gets no requests for a pause that doubles each time. Too many means, since the last answer: `:failures` requests
-- without a connection, or `:failures` failures of at least `:sources` sources, which rules out a fault of one site.
-- Requests that are already under way do not lengthen the pause.
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
