-- Grain: one host. Writes host_circuit. Resets the failures of a host that answered.
update host_circuit
set
    failure_count = 0,
    unreachable_count = 0,
    source_ids = '{}',
    trip_count = 0,
    opened_until = null,
    trial_until = null
where host = :host and failure_count > 0
