-- Grain: one dossier in validation for which the store has data that a rule needs. Reads asked_dossier,
-- dossier_version.
-- previous_status_code      the status of the dossier's current version, for moves outside domain.md section 4.2 (V16)
-- is_number_held_in_source  another dossier of the same source has the same number (V9)
-- is_number_held_elsewhere  a dossier of another source has the same number, and the number names its office
--                           (:names_office): numbers of two offices may look alike (V9, flagged only)
-- The store's number of a dossier in validation is ignored, because its new record is about to supersede it. A child of
-- another dossier (liên thông) has its parent's number by design, so it has no number of its own.
with asked as (
    select
        row_no,
        source_id,
        system_code,
        agency_code,
        dossier_id,
        dossier_no,
        dossier_no ~* cast(:names_office as text) as is_office_named
    from asked_dossier
),

previous as (
    select
        asked.row_no,
        known.status_code
    from asked
    inner join dossier_version as known
        on
            asked.system_code = known.system_code
            and asked.agency_code = known.agency_code
            and asked.dossier_id = known.dossier_id
            and known.known_to is null
),

holders as (
    select
        asked.row_no,
        bool_or(known.source_id = asked.source_id) as is_number_held_in_source,
        bool_or(known.source_id <> asked.source_id and asked.is_office_named) as is_number_held_elsewhere
    from asked
    inner join dossier_version as known
        on
            asked.dossier_no = known.dossier_no
            and known.known_to is null
            and not known.is_deleted
            and known.parent_dossier_id is null
    left join asked as itself
        on
            known.system_code = itself.system_code
            and known.agency_code = itself.agency_code
            and known.dossier_id = itself.dossier_id
    where itself.row_no is null
    group by asked.row_no
),

final as (
    select
        coalesce(previous.row_no, holders.row_no) as row_no,
        previous.status_code as previous_status_code,
        coalesce(holders.is_number_held_in_source, false) as is_number_held_in_source,
        coalesce(holders.is_number_held_elsewhere, false) as is_number_held_elsewhere
    from previous
    full join holders on previous.row_no = holders.row_no
)

select
    row_no,
    previous_status_code,
    is_number_held_in_source,
    is_number_held_elsewhere
from final
