-- Grain: one unit and procedure. Reads dossier_version. The number of recognised copies received in a period. Copies do
-- not count.
select
    unit_id,
    procedure_code,
    count(*) as copy_count
from dossier_version
where
    known_to is null
    and duplicate_of is not null
    and unit_id = any(:unit_ids)
    and received_at::date between :from_date and :to_date
group by unit_id, procedure_code
