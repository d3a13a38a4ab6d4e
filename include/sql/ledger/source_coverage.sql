-- Grain: one source and unbroken run of days. Reads source_coverage. What sources are known for, the newest run first.
select
    source_id,
    receptions_from,
    closings_from,
    stock_from,
    covered_until,
    opening_asked_from,
    opening_ended_by
from source_coverage
order by source_id asc, covered_until desc
