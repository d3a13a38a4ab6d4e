-- Grain: one unit. Reads batch, dossier_version, dossier_contribution. Why a unit's figures changed between two
-- editions: counts of the dossier versions of batches measured after the earlier edition was read, by kind of change.
-- Only versions that count on or before the period's last day are included, because only they can change the figures.
-- The ids go to the view as an array, so the view computes only the contributions of the changed versions. The
-- planner's row estimate for the view is so high that it would otherwise scan the ids again for each version.
with later as (
    select batch_id
    from batch
    where measured_at > cast(:read_at as timestamptz)
),

moved as (
    select version.version_id
    from dossier_version as version
    inner join later on version.batch_id = later.batch_id
    union all
    select version.version_id
    from dossier_version as version
    inner join later on version.superseded_by_batch_id = later.batch_id
),

counted as (
    select distinct version_id
    from dossier_contribution
    where on_day <= :to_date and version_id = any(array(select moved.version_id from moved))
),

opened as (
    select
        version.version_id,
        version.unit_id,
        before.version_id as before_id,
        before.unit_id as before_unit_id
    from dossier_version as version
    inner join later on version.batch_id = later.batch_id
    left join dossier_version as before
        on
            version.system_code = before.system_code
            and version.agency_code = before.agency_code
            and version.dossier_id = before.dossier_id
            and version.batch_id = before.superseded_by_batch_id
    where
        version.version_id in (select counted.version_id from counted)
        or before.version_id in (select counted.version_id from counted)
),

told as (
    select
        unit_id,
        case
            when before_id is null then 'new'
            when before_unit_id = unit_id then 'changed'
            else 'moved_in'
        end as cause
    from opened
    union all
    select
        before_unit_id as unit_id,
        'moved_out' as cause
    from opened
    where before_unit_id <> unit_id
),

final as (
    select
        unit_id,
        count(*) filter (where cause = 'new') as new_count,
        count(*) filter (where cause = 'changed') as changed_count,
        count(*) filter (where cause = 'moved_in') as moved_in_count,
        count(*) filter (where cause = 'moved_out') as moved_out_count
    from told
    where unit_id = any(cast(:unit_ids as text[]))
    group by unit_id
)

select
    unit_id,
    new_count,
    changed_count,
    moved_in_count,
    moved_out_count
from final
order by unit_id
