-- Grain: one unit. Reads edition. When a province first published its final report of a period, and how often it
-- published provisional editions of it.
select
    unit_id,
    min(published_at) filter (where completeness = 'final') as final_at,
    count(*) filter (where completeness = 'provisional') as provisional_count
from edition
where
    report_code = :report_code
    and unit_id = any(:unit_ids)
    and period_type = :period_type
    and from_date = :from_date
    and to_date = :to_date
group by unit_id
