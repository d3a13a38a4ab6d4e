-- Grain: one obligation. Reads obligation, empty_declaration. With the declaration in force, if there is one.
select
    obligation.obligation_id,
    obligation.report_code,
    obligation.unit_id,
    obligation.period_type,
    obligation.period_label,
    obligation.from_date,
    obligation.to_date,
    obligation.due_on,
    obligation.created_at,
    empty_declaration.declared_at,
    empty_declaration.declared_by,
    empty_declaration.reason as declared_reason
from obligation
left join empty_declaration
    on obligation.obligation_id = empty_declaration.obligation_id and empty_declaration.withdrawn_at is null
where
    (cast(:report_code as text) is null or obligation.report_code = :report_code)
    and (cast(:unit_ids as text[]) is null or obligation.unit_id = any(:unit_ids))
    and (
        cast(:from_date as date) is null
        or (
            obligation.period_type = :period_type
            and obligation.from_date = :from_date
            and obligation.to_date = :to_date
        )
    )
    and (cast(:due_from as date) is null or obligation.due_on between :due_from and :due_to)
order by obligation.to_date, obligation.report_code, obligation.unit_id
