-- Grain: one host. Writes host_circuit. One request at a time may try a host whose pause is over; none is returned to
-- the others.
update host_circuit
set trial_until = clock_timestamp() + make_interval(secs => :trial_seconds)
where
    host = :host
    and opened_until <= clock_timestamp()
    and (trial_until is null or trial_until <= clock_timestamp())
returning host
