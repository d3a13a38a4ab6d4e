-- Grain: unit code and day. Reads dossier_current. The number of dossiers that a source received on earlier days, as a
-- norm for new days.
select
    coalesce(unit_code, '') as unit_code,
    received_at::date as on_day,
    count(*) as reception_count
from dossier_current
where
    source_id = :source_id
    and not is_deleted
    and received_at >= cast(:from_date as date)
    and received_at < cast(:to_date as date)
group by unit_code, received_at::date
order by unit_code, on_day
