-- Grain: one dossier that counts. Reads dossier_current, closing_status. From which day on it belongs to periods, and
-- until which:
--   begun_on    received; of one that was not, refused or submitted
--   closed_on   the latest of its closing days; none while it is open, or where no day is known
with counting as (
    select
        *,
        status_code in (select closing_status.status_code from closing_status) as is_closed
    from dossier_current
    where not is_deleted and duplicate_of is null
)

select
    system_code,
    agency_code,
    dossier_id,
    source_id,
    unit_id,
    coalesce(received_at, refused_at, submitted_at)::date as begun_on,
    case when is_closed then greatest(finished_at, returned_at, refused_at)::date end as closed_on,
    not is_closed as is_open
from counting
