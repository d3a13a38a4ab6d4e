-- Grain: one scope, a host or a source. Writes request_slot. Reserves the next time at which a request may be sent in
-- each scope, and returns the seconds until then. The row lock ensures that two tasks never reserve the same time.
insert into request_slot as slot (scope, next_at)
select
    given.scope,
    clock_timestamp() + make_interval(secs => given.seconds) as next_at
from unnest(cast(:scopes as text[]), cast(:seconds as float8[])) as given (scope, seconds)
order by given.scope
on conflict (scope) do update
    set next_at = greatest(slot.next_at, clock_timestamp()) + (excluded.next_at - clock_timestamp())
returning scope, extract(epoch from slot.next_at - clock_timestamp())::double precision as seconds_to_next
