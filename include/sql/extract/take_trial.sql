-- Grain: one host. Writes host_circuit. After the pause of a host, one request at a time may try it. Other requests get
-- no row.
update host_circuit
set trial_until = clock_timestamp() + make_interval(secs => :trial_seconds)
where
    host = :host
    and opened_until <= clock_timestamp()
    and (trial_until is null or trial_until <= clock_timestamp())
returning host
