-- Grain: one rule. Reads rule_finding. The critical rules that records of these batches broke. A record may break
-- several rules, so the sum of the counts may be larger than the number of records set aside.
select
    rule_id,
    cast(sum(failed_count) as bigint) as failed_count
from rule_finding
where
    batch_id = any(cast(:batch_ids as text[]))
    and severity = 'critical'
    and failed_count > 0
group by rule_id
order by rule_id
