-- Grain: one figure of the portal. Reads portal_figure. The newest snapshot of a province and period.
with newest as (
    select max(fetched_at) as fetched_at
    from portal_figure
    where
        root_unit_id = :root_unit_id
        and period_type = :period_type
        and from_date = :from_date
        and to_date = :to_date
),

said as (
    select
        fetched_at,
        department_id,
        department_name,
        unit_id,
        procedure_code,
        metric,
        quantity
    from portal_figure
    where
        root_unit_id = :root_unit_id
        and period_type = :period_type
        and from_date = :from_date
        and to_date = :to_date
        and fetched_at = (select newest.fetched_at from newest)
)

select
    fetched_at,
    department_id,
    department_name,
    unit_id,
    procedure_code,
    metric,
    quantity
from said
order by department_id, procedure_code, metric
