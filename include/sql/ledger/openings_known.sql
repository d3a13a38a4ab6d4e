-- Grain: one source asked about. Reads source_coverage. Whether everything is known that was open at the source at the
-- beginning of a day: its stock is complete since then or earlier, and no day between is missing.
with asked as (
    select
        given.source_id,
        given.on_day
    from unnest(cast(:source_ids as text[]), cast(:on_days as date[])) as given (source_id, on_day)
),

coverage as (
    select
        source_id,
        stock_from,
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
            and asked.on_day <= coverage.covered_until + 1
    ) as is_known
from asked
