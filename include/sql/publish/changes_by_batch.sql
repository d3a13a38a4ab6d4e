-- Grain: one batch measured after an instant, and unit. Reads batch, dossier_contribution. From which day on a batch
-- changed figures of a unit: the earliest day on which what it made known and what that superseded do not cancel. A
-- batch that set records aside, or changed records of another kind, may concern any period from its first day on, of
-- any unit that its source speaks for: its unit is null. A batch that changed nothing is not here.
with measured as (
    select
        batch_id,
        source_id,
        measured_at,
        case
            when quarantined_count > 0 or (record_kind <> 'dossier' and new_count + changed_count > 0)
                then window_from
        end as aside_from
    from batch
    where
        state = 'loaded'
        and measured_at > cast(:since as timestamptz)
        and source_id = any(cast(:source_ids as text[]))
),

signed as (
    select
        batch_id,
        unit_id,
        procedure_code,
        field_code,
        on_day,
        measure,
        quantity
    from dossier_contribution
    where batch_id = any(array(select measured.batch_id from measured))
    union all
    select
        superseded_by_batch_id as batch_id,
        unit_id,
        procedure_code,
        field_code,
        on_day,
        measure,
        -quantity as quantity
    from dossier_contribution
    where superseded_by_batch_id = any(array(select measured.batch_id from measured))
),

net as (
    select
        batch_id,
        unit_id,
        on_day
    from signed
    group by batch_id, unit_id, procedure_code, field_code, on_day, measure
    having sum(quantity) <> 0
),

changed as (
    select
        batch_id,
        unit_id,
        min(on_day) as changed_from
    from net
    group by batch_id, unit_id
    union all
    select
        batch_id,
        null as unit_id,
        aside_from as changed_from
    from measured
    where aside_from is not null
)

select
    measured.batch_id,
    measured.source_id,
    measured.measured_at,
    changed.unit_id,
    changed.changed_from
from measured
inner join changed on measured.batch_id = changed.batch_id
order by measured.measured_at asc, measured.batch_id asc, changed.unit_id asc nulls first
