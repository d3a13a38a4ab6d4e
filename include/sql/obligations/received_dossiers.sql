-- Grain: one unit. Reads measure_day. Dossiers a unit received in a period: an empty declaration must find none.
select
    unit_id,
    cast(sum(quantity) as bigint) as dossier_count
from measure_day
where
    unit_id = any(:unit_ids)
    and measure in ('received_online', 'received_direct')
    and on_day between :from_date and :to_date
group by unit_id
