-- Grain: one source, unit and whether the petitions could count. Reads quarantine_status. Petitions that are set
-- aside and not settled, and may belong to a period: received by its last day, or on a day that cannot be told, and not
-- closed before its first day. A day that broke a rule tells nothing.
--   unit_id       whose they are; null where that cannot be told: they may be any unit's that the source speaks for
--   is_countable  false for those of a kind that the source's entry does not list (rule P3), and nothing else wrong
--                 with them: the form and the index count petitions about behaviour and about regulations, and as the
--                 source spells it these are about neither
with broken as (
    select
        quarantine_status.quarantine_id,
        quarantine_status.source_id,
        quarantine_status.unit_id,
        quarantine_status.record,
        rule.told ->> 'rule_id' as rule_id,
        string_to_array(rule.told ->> 'field', ', ') as fields
    from quarantine_status
    cross join lateral jsonb_array_elements(quarantine_status.broken_rules) as rule (told)
    where
        quarantine_status.record_kind = 'petition'
        and quarantine_status.status = 'open'
        and rule.told ->> 'severity' = 'critical'
),

petitions as (
    select
        source_id,
        unit_id,
        bool_or(rule_id <> 'P3') as is_countable,
        case when bool_and('received_on' <> all(fields)) then cast(record ->> 'received_on' as date) end as received_on,
        case when bool_and('handled_on' <> all(fields)) then cast(record ->> 'handled_on' as date) end as handled_on
    from broken
    where source_id = any(cast(:source_ids as text[]))
    group by quarantine_id, source_id, unit_id, record
)

select
    source_id,
    unit_id,
    is_countable,
    count(*) as petition_count
from petitions
where
    coalesce(received_on <= cast(:to_date as date), true)
    and coalesce(handled_on >= cast(:from_date as date), true)
group by source_id, unit_id, is_countable
order by source_id, unit_id nulls first, is_countable
