-- Grain: one unit, procedure and column. Reads measure_day. Columns of form II.06a by unit and procedure, from the
-- same signed terms as the form itself (publish/form_figures): no second definition of a count.
with terms as (
    select
        term.column_code,
        term.measure,
        term.window_code,
        term.sign
    from unnest(
        cast(:column_codes as text[]),
        cast(:measures as text[]),
        cast(:window_codes as text[]),
        cast(:signs as integer[])
    ) as term (column_code, measure, window_code, sign)
),

flows as (
    select
        unit_id,
        procedure_code,
        measure,
        coalesce(sum(quantity) filter (where on_day < :from_date), 0) as before_period,
        coalesce(sum(quantity) filter (where on_day between :from_date and :to_date), 0) as in_period
    from measure_day
    where unit_id = any(:unit_ids) and on_day <= :to_date and measure = any(:measures)
    group by unit_id, procedure_code, measure
)

select
    flows.unit_id,
    flows.procedure_code,
    terms.column_code,
    cast(
        sum(
            terms.sign
            * case terms.window_code
                when 'before_period' then flows.before_period
                when 'in_period' then flows.in_period
                when 'until_end' then flows.before_period + flows.in_period
            end
        ) as bigint
    ) as quantity
from flows
inner join terms on flows.measure = terms.measure
group by flows.unit_id, flows.procedure_code, terms.column_code
