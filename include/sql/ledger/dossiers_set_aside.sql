-- Grain: one dossier record set aside. Reads quarantine_status, closing_status. The records that are set aside and not
-- settled, and may belong to a period: received by its last day, or on a day that cannot be told, and not closed before
-- its first day. A day that broke a rule tells nothing. A record whose unit cannot be told may be any unit's that its
-- source speaks for.
--   rule_ids   the critical rules it broke
--   unread     what could not be read of it, as the extractor said; null where everything could
--   stands_in  where it stands in a dropped file; null where it landed without
with still_open as (
    select
        quarantine_id,
        source_id,
        unit_id,
        agency_code,
        record_id,
        broken_rules,
        record
    from quarantine_status
    where
        record_kind = 'dossier'
        and status = 'open'
        and (
            unit_id = any(cast(:unit_ids as text[]))
            or (unit_id is null and source_id = any(cast(:source_ids as text[])))
        )
),

broken as (
    select
        still_open.quarantine_id,
        still_open.source_id,
        still_open.unit_id,
        still_open.agency_code,
        still_open.record_id,
        still_open.record,
        array_agg(distinct rule.told ->> 'rule_id' order by rule.told ->> 'rule_id') as rule_ids,
        array_agg(fields.name) as fields
    from still_open
    cross join lateral jsonb_array_elements(still_open.broken_rules) as rule (told)
    cross join lateral unnest(string_to_array(rule.told ->> 'field', ', ')) as fields (name)
    where rule.told ->> 'severity' = 'critical'
    group by
        still_open.quarantine_id,
        still_open.source_id,
        still_open.unit_id,
        still_open.agency_code,
        still_open.record_id,
        still_open.record
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
        record ->> 'stands_in' as stands_in,
        case when 'received_at' <> all(fields) then cast(record ->> 'received_at' as date) end as received_on,
        case
            when
                cast(record ->> 'status_code' as integer) in (select closing_status.status_code from closing_status)
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
    unread,
    stands_in
from dated
where
    coalesce(received_on <= cast(:to_date as date), true)
    and coalesce(closed_on >= cast(:from_date as date), true)
order by source_id, unit_id nulls first, quarantine_id
