-- Grain: one rest day of the working calendar (domain.md section 4.4), given as one array per column. Writes only rows
-- of rest_day that differ, so a night without a change of the calendar writes nothing.
merge into rest_day
using (
    select
        day,
        next_workday_on
    from unnest(cast(:days as date[]), cast(:next_workdays_on as date[])) as listed (day, next_workday_on)
) as given
    on rest_day.day = given.day
when matched and rest_day.next_workday_on <> given.next_workday_on then
    update set next_workday_on = given.next_workday_on
when not matched by target then
    insert (day, next_workday_on) values (given.day, given.next_workday_on)
when not matched by source then delete
