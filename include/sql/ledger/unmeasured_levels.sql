-- Grain: one level. Reads batch. Levels with a loaded batch that is not in the measures yet. A brief made now would not
-- include it (design.md idea 5: an edition is published only when all its batches are accounted for).
select
    level,
    count(*) as batch_count
from batch
where state = 'loaded' and measured_at is null
group by level
order by level
