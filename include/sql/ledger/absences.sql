-- Grain: one source. Reads dossier_absence. The number of dossiers that a source no longer shows: those not yet
-- explained with their first day, and those proven to be deleted.
select
    source_id,
    count(*) filter (where state = 'unconfirmed') as unconfirmed_count,
    min(missed_at) filter (where state = 'unconfirmed') as unconfirmed_since,
    count(*) filter (where state = 'tombstoned') as tombstoned_count
from dossier_absence
where state in ('unconfirmed', 'tombstoned')
group by source_id
order by source_id
