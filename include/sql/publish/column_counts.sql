-- Grain: one row of a requested table and one column. Reads counted_day. The counts of the columns of forms, the rows
-- of an index and the figures of the National Portal. This is the only place that computes counts from terms.
-- One statement computes all tables (by unit, field, level, unit and procedure, total), so all use one snapshot.
-- Stocks are running sums of day flows, so each column is a signed sum of measures over a window of days.
-- The rows are those of a map: each unit of the scope is on the row of the unit that takes its place there (itself or
-- an heir), so the sums of the rows do not depend on the map (design.md idea 4).
-- A column has no count for a unit that is silent on it, because none of its sources has the data. That is not 0.
-- The catalogue assigns measures to columns: include/catalog/forms/, form II.06a of TT 01/2020/TT-VPCP.
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

scope as (
    select
        asked.unit_id,
        asked.placed_unit_id,
        asked.level
    from unnest(
        cast(:unit_ids as text[]),
        cast(:placed_unit_ids as text[]),
        cast(:levels as text[])
    ) as asked (unit_id, placed_unit_id, level)
),

silent as (
    select
        asked.unit_id,
        asked.column_code
    from unnest(cast(:silent_unit_ids as text[]), cast(:silent_columns as text[])) as asked (unit_id, column_code)
),

asked as (
    select
        cast(:from_date as date) as from_date,
        cast(:to_date as date) as to_date,
        cast(:ahead_until as date) as ahead_until,
        'unit_procedure' = any(cast(:table_codes as text[])) as by_procedure
),

counted as (
    select
        scope.placed_unit_id as unit_id,
        scope.level,
        counted_day.field_code,
        counted_day.measure,
        counted_day.on_day,
        counted_day.quantity,
        case when asked.by_procedure then counted_day.procedure_code end as procedure_code,
        asked.from_date,
        asked.to_date
    from counted_day
    inner join scope on counted_day.unit_id = scope.unit_id
    inner join asked on counted_day.on_day <= asked.ahead_until
    where counted_day.measure in (select terms.measure from terms)
),

flows as (
    select
        unit_id,
        level,
        field_code,
        procedure_code,
        measure,
        coalesce(sum(quantity) filter (where on_day < from_date), 0) as before_period,
        coalesce(sum(quantity) filter (where on_day between from_date and to_date), 0) as in_period,
        coalesce(sum(quantity) filter (where on_day > to_date), 0) as days_ahead
    from counted
    group by unit_id, level, field_code, procedure_code, measure
),

summed as (
    select
        flows.unit_id,
        flows.level,
        flows.field_code,
        flows.procedure_code,
        terms.column_code,
        sum(
            terms.sign
            * case terms.window_code
                when 'before_period' then flows.before_period
                when 'in_period' then flows.in_period
                when 'until_end' then flows.before_period + flows.in_period
                when 'days_ahead' then flows.days_ahead
            end
        ) as quantity
    from flows
    inner join terms on flows.measure = terms.measure
    left join silent on flows.unit_id = silent.unit_id and terms.column_code = silent.column_code
    where silent.unit_id is null
    group by flows.unit_id, flows.level, flows.field_code, flows.procedure_code, terms.column_code
),

tables as (
    select
        case
            when grouping(procedure_code) = 0 then 'unit_procedure'
            when grouping(unit_id) = 0 then 'unit'
            when grouping(field_code) = 0 then 'field'
            when grouping(level) = 0 then 'level'
            else 'total'
        end as table_code,
        coalesce(unit_id, field_code, level, 'total') as row_key,
        procedure_code,
        column_code,
        cast(sum(quantity) as bigint) as quantity
    from summed
    group by
        grouping sets (
            (unit_id, procedure_code, column_code),
            (unit_id, column_code),
            (field_code, column_code),
            (level, column_code),
            (column_code)
        )
),

final as (
    select
        table_code,
        row_key,
        procedure_code,
        column_code,
        quantity
    from tables
    where table_code = any(cast(:table_codes as text[]))
)

select
    table_code,
    row_key,
    procedure_code,
    column_code,
    quantity
from final
