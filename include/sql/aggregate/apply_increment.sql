-- Grain: unit, procedure, field, day, measure. Reads dossier_contribution. Writes measure_day.
-- Applies the increment of a set of batches: the contributions of their new versions minus the contributions of the
-- versions that these superseded (design.md idea 2). A cell whose sum becomes 0 is deleted, not kept as 0.
merge into measure_day
using (
    with signed as (
        select
            unit_id,
            procedure_code,
            field_code,
            on_day,
            measure,
            quantity
        from dossier_contribution
        where batch_id = any(:batch_ids)
        union all
        select
            unit_id,
            procedure_code,
            field_code,
            on_day,
            measure,
            -quantity as quantity
        from dossier_contribution
        where superseded_by_batch_id = any(:batch_ids)
    )

    select
        unit_id,
        procedure_code,
        field_code,
        on_day,
        measure,
        sum(quantity)::bigint as quantity
    from signed
    group by unit_id, procedure_code, field_code, on_day, measure
    having sum(quantity) <> 0
) as increment
    on
        measure_day.unit_id = increment.unit_id
        and measure_day.measure = increment.measure
        and measure_day.on_day = increment.on_day
        and measure_day.procedure_code = increment.procedure_code
        and measure_day.field_code = increment.field_code
when matched and measure_day.quantity + increment.quantity = 0 then delete
when matched then update set quantity = measure_day.quantity + increment.quantity
when not matched then
    insert (unit_id, procedure_code, field_code, on_day, measure, quantity)
    values (
        increment.unit_id,
        increment.procedure_code,
        increment.field_code,
        increment.on_day,
        increment.measure,
        increment.quantity
    )
