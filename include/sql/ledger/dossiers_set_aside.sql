-- Grain: one dossier record set aside. Reads quarantine_status. The records that are set aside and not settled, and may
-- belong to a period: received by its last day, or on a day that cannot be told, and not closed before its first day. A
-- day that broke a rule tells nothing. A record whose unit cannot be told may be any unit's that its source speaks for.
--   rule_ids   the critical rules it broke
--   unread     what could not be read of it, as the extractor said; null where everything could
with broken as (
    select
        quarantine_status.quarantine_id,
        quarantine_status.source_id,
        quarantine_status.unit_id,
        quarantine_status.agency_code,
        quarantine_status.record_id,
        quarantine_status.record,
        array_agg(distinct rule.told ->> 'rule_id' order by rule.told ->> 'rule_id') as rule_ids,
        array_agg(fields.name) as fields
    from quarantine_status
    cross join lateral jsonb_array_elements(quarantine_status.broken_rules) as rule (told)
    cross join lateral unnest(string_to_array(rule.told ->> 'field', ', ')) as fields (name)
    where
        quarantine_status.record_kind = 'dossier'
        and quarantine_status.status = 'open'
        and rule.told ->> 'severity' = 'critical'
        and (
            quarantine_status.unit_id = any(cast(:unit_ids as text[]))
            or (quarantine_status.unit_id is null and quarantine_status.source_id = any(cast(:source_ids as text[])))
        )
    group by
        quarantine_status.quarantine_id,
        quarantine_status.source_id,
        quarantine_status.unit_id,
        quarantine_status.agency_code,
        quarantine_status.record_id,
        quarantine_status.record
),

dated as (
    select
        quarantine_id,
        source_id,
        unit_id,
        agency_code,
        record_id,
        rule_ids,
        record ->> 'mapping_issues' as unread,
        case when 'received_at' <> all(fields) then cast(record ->> 'received_at' as date) end as received_on,
        case
            when
                cast(record ->> 'status_code' as integer) in (3, 7, 8, 9, 10)
                and not fields && array['status_code', 'finished_at', 'returned_at', 'refused_at']
                then greatest(
                    cast(record ->> 'finished_at' as date),
                    cast(record ->> 'returned_at' as date),
                    cast(record ->> 'refused_at' as date)
                )
        end as closed_on
    from broken
)

select
    quarantine_id,
    source_id,
    unit_id,
    agency_code,
    record_id,
    rule_ids,
    unread
from dated
where
    coalesce(received_on <= cast(:to_date as date), true)
    and coalesce(closed_on >= cast(:from_date as date), true)
order by source_id, unit_id nulls first, quarantine_id
