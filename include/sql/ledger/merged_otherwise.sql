-- Grain: one pair of sources. Reads dossier_current, identity_due, stated_numbers, unit_heir. How many dossiers of one
-- source are no dossier of their own in the store, but copies of one of the other source, in another system, which the
-- catalogue does not say any more (stated_numbers, of the shared ones): their numbers are due
-- (`consolidate/note_identity_due`), and the next batch decides them anew. Of the units, and received until :to_date.
-- One proven to be deleted counts nowhere, so it is in no doubt. What an heir goes on with is one dossier without a
-- statement.
with copies as (
    select *
    from dossier_current
    where
        not is_deleted
        and (unit_id = any(cast(:unit_ids as text[])) or reported_unit_id = any(cast(:unit_ids as text[])))
        and (received_at is null or received_at::date <= cast(:to_date as date))
)

select
    copies.source_id,
    copies.system_code,
    kept.source_id as other_source_id,
    kept.system_code as other_system_code,
    count(*) as pair_count
from copies
inner join identity_due on copies.dossier_no = identity_due.dossier_no
inner join dossier_current as kept
    on
        copies.dossier_no = kept.dossier_no
        and copies.system_code <> kept.system_code
        and copies.duplicate_of = concat_ws('/', kept.system_code, kept.agency_code, kept.dossier_id)
where
    not exists (
        select from stated_numbers as stated
        where
            (stated.system_code, stated.agency_code, stated.other_system_code)
            in (
                (copies.system_code, copies.agency_code, kept.system_code),
                (kept.system_code, kept.agency_code, copies.system_code)
            )
    )
    and not exists (
        select from unit_heir
        where
            unit_heir.unit_id = copies.unit_id
            and unit_heir.heir_id = coalesce(kept.reported_unit_id, kept.unit_id)
    )
group by copies.source_id, copies.system_code, kept.source_id, kept.system_code
order by copies.source_id, kept.source_id
