-- Grain: one obligation. Reads obligation, empty_declaration. Each obligation with the declaration in force, if any.
with owed as (
    select
        obligation_id,
        report_code,
        unit_id,
        period_type,
        period_label,
        from_date,
        to_date,
        due_on,
        created_at
    from obligation
    where
        (cast(:report_code as text) is null or report_code = :report_code)
        and (cast(:unit_ids as text[]) is null or unit_id = any(:unit_ids))
        and (
            cast(:from_date as date) is null
            or (period_type = :period_type and from_date = :from_date and to_date = :to_date)
        )
        and (cast(:due_from as date) is null or due_on between :due_from and :due_to)
),

declared as (
    select
        obligation_id,
        declared_at,
        declared_by,
        reason
    from empty_declaration
    where withdrawn_at is null
)

select
    owed.obligation_id,
    owed.report_code,
    owed.unit_id,
    owed.period_type,
    owed.period_label,
    owed.from_date,
    owed.to_date,
    owed.due_on,
    owed.created_at,
    declared.declared_at,
    declared.declared_by,
    declared.reason as declared_reason
from owed
left join declared on owed.obligation_id = declared.obligation_id
order by owed.to_date, owed.report_code, owed.unit_id
