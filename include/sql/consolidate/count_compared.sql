-- Grain: one row. Reads compared. The number of the batch's accepted records by outcome, where each record counts for
-- itself.
select
    count(*) filter (where outcome = 'new') as new_count,
    count(*) filter (where outcome = 'changed') as changed_count,
    count(*) filter (where outcome = 'unchanged') as unchanged_count,
    count(*) filter (where outcome = 'stale') as stale_count
from compared
