-- Grain: one source. Reads dossier_absence. How many of its dossiers a source no longer shows: not yet explained, since
-- when, and proven to be deleted.
select
    source_id,
    count(*) filter (where state = 'unconfirmed') as unconfirmed_count,
    min(missed_at) filter (where state = 'unconfirmed') as unconfirmed_since,
    count(*) filter (where state = 'tombstoned') as tombstoned_count
from dossier_absence
where state in ('unconfirmed', 'tombstoned')
group by source_id
order by source_id
