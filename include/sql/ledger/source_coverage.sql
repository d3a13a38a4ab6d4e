-- Grain: as source_coverage. Reads source_coverage. What sources are known for, the newest run first.
select
    source_id,
    receptions_from,
    closings_from,
    stock_from,
    stock_until,
    covered_until,
    opening_asked_from,
    opening_ended_by
from source_coverage
order by source_id asc, covered_until desc, stock_until desc nulls last
