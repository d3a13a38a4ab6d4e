-- Grain: one source asked about. Reads source_coverage. Whether everything is known that was open at the source at the
-- beginning of a day, and what became of it until another day: its stock is complete since the day or earlier, and no
-- day is missing until the other one, or until the last day for which the source answered.
with asked as (
    select
        given.source_id,
        given.on_day,
        given.until_day
    from
        unnest(cast(:source_ids as text[]), cast(:on_days as date[]), cast(:until_days as date[]))
            as given (source_id, on_day, until_day)
),

coverage as (
    select
        source_id,
        stock_from,
        stock_until,
        covered_until
    from source_coverage
    where source_id = any(cast(:source_ids as text[]))
)

select
    asked.source_id,
    exists(
        select from coverage
        where
            coverage.source_id = asked.source_id
            and coverage.stock_from <= asked.on_day
            and asked.on_day <= coverage.stock_until + 1
            and least(asked.until_day, coverage.covered_until) <= coverage.stock_until
    ) as is_known
from asked
