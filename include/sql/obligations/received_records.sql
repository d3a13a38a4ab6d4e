-- Grain: one unit. Reads counted_day. The number of records that a unit received in a period, from the measures that
-- count them. An empty declaration is valid only if there are none.
select
    unit_id,
    cast(sum(quantity) as bigint) as record_count
from counted_day
where
    unit_id = any(:unit_ids)
    and measure = any(cast(:measures as text[]))
    and on_day between :from_date and :to_date
group by unit_id
