-- Grain: one level. Reads batch. Levels with a loaded batch that the measures do not hold yet: a brief made now would
-- miss it (design.md idea 5, an edition whose batches are not all accounted for is not published).
select
    level,
    count(*) as batch_count
from batch
where state = 'loaded' and measured_at is null
group by level
order by level
