-- Grain: one host. Reads host_circuit. Whether a host has failed so often that it is left alone, and until when.
select
    failure_count,
    opened_until,
    last_failure,
    opened_until is not null as is_left_alone,
    coalesce(opened_until <= clock_timestamp(), true) as is_due
from host_circuit
where host = :host
