-- Grain: one unit. Reads counted_day. Records a unit received in a period, by the measures that count them: an empty
-- declaration must find none.
select
    unit_id,
    cast(sum(quantity) as bigint) as record_count
from counted_day
where
    unit_id = any(:unit_ids)
    and measure = any(cast(:measures as text[]))
    and on_day between :from_date and :to_date
group by unit_id
