-- Grain: one day. Reads rest_day. The days on which the store counts by another calendar than the catalogue's, which is
-- given as one array per column: rest days that only one of the two has, or that another working day follows.
with given as (
    select
        day,
        next_workday_on
    from unnest(cast(:days as date[]), cast(:next_workdays_on as date[])) as listed (day, next_workday_on)
)

select day
from given
full outer join rest_day using (day)
where given.next_workday_on is distinct from rest_day.next_workday_on
order by day
