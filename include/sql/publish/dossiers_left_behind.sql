-- Grain: one unit and source. Reads dossier_span, batch. The dossiers of units without a source that belong to a
-- period: begun by its last day, and not closed before its first. They came from a source that is in force on no day of
-- the period (:in_force are those that are), so nobody says what became of them. `known_until` is the last day for
-- which that source answered, if any.
with held as (
    select
        unit_id,
        source_id,
        count(*) as dossier_count
    from dossier_span
    where
        unit_id = any(cast(:unit_ids as text[]))
        and source_id <> all(cast(:in_force as text[]))
        and begun_on <= cast(:to_date as date)
        and coalesce(closed_on >= cast(:from_date as date), true)
    group by unit_id, source_id
),

answered as (
    select
        source_id,
        max(window_to) as known_until
    from batch
    where state = 'loaded' and replay_of is null
    group by source_id
)

select
    held.unit_id,
    held.source_id,
    held.dossier_count,
    answered.known_until
from held
left join answered on held.source_id = answered.source_id
order by held.unit_id, held.source_id
