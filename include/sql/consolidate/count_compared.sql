-- Grain: one row. Reads compared. What became of the batch's accepted records, each of which counts for itself.
select
    count(*) filter (where outcome = 'new') as new_count,
    count(*) filter (where outcome = 'changed') as changed_count,
    count(*) filter (where outcome = 'unchanged') as unchanged_count
from compared
