-- Grain: one host. Reads host_circuit. The failures of a host, whether its circuit is open (is_open), and whether
-- the pause is over (is_due).
select
    failure_count,
    opened_until,
    last_failure,
    opened_until is not null as is_open,
    coalesce(opened_until <= clock_timestamp(), true) as is_due
from host_circuit
where host = :host
