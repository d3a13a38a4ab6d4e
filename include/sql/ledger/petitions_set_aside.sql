-- Grain: one source, unit and is_countable. Reads quarantine_status. Petitions that are set aside and not settled, and
-- may belong to a period: received by its last day or on an unknown day, and not closed before its first day. A day
-- that broke a rule is unknown.
--   unit_id       the unit of the petitions; null if unknown: any unit of the source
--   is_countable  false if the only broken rule is P3: the kind is not in the list of the source's entry. The form and
--                 the index count only petitions about behaviour and about regulations, and this kind is neither
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
