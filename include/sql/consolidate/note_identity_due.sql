-- Grain: one number of dossiers whose identity the catalogue decides otherwise than the store does. Reads
-- dossier_current, stated_numbers. Writes identity_due: numbers that one unit has in two systems and that are
--   together   of one numbering by the catalogue, and counted twice in the store
--   apart      one dossier in the store, and of one numbering no more, or never stated to be. A number that names its
--              office (:names_office) needs no statement
-- Why: what a person says in the catalogue reaches what is loaded with the next batch of any source.
insert into identity_due (dossier_no)
with together as (
    select one.dossier_no
    from stated_numbers as stated
    inner join dossier_current as one
        on stated.system_code = one.system_code and stated.agency_code = one.agency_code
    inner join dossier_current as other
        on one.dossier_no = other.dossier_no and stated.other_system_code = other.system_code
    where
        not (one.is_deleted or other.is_deleted)
        and one.dossier_no ~ '[0-9]'
        and coalesce(one.reported_unit_id, one.unit_id) = coalesce(other.reported_unit_id, other.unit_id)
        and one.procedure_code = other.procedure_code
        and one.received_at::date = other.received_at::date
        and coalesce(one.duplicate_of, concat_ws('/', one.system_code, one.agency_code, one.dossier_id))
        <> coalesce(other.duplicate_of, concat_ws('/', other.system_code, other.agency_code, other.dossier_id))
),

copies as (
    select
        *,
        dossier_no ~* cast(:names_office as text) as is_office_named
    from dossier_current
    where duplicate_of is not null
),

apart as (
    select copies.dossier_no
    from copies
    inner join dossier_current as kept
        on
            copies.dossier_no = kept.dossier_no
            and copies.system_code <> kept.system_code
            and copies.duplicate_of = concat_ws('/', kept.system_code, kept.agency_code, kept.dossier_id)
    where
        not copies.is_office_named
        and coalesce(copies.reported_unit_id, copies.unit_id) = coalesce(kept.reported_unit_id, kept.unit_id)
        and not exists (
            select
            from stated_numbers as stated
            inner join dossier_current as other on copies.dossier_no = other.dossier_no
            where
                (stated.system_code, stated.agency_code, stated.other_system_code)
                in (
                    (copies.system_code, copies.agency_code, other.system_code),
                    (other.system_code, other.agency_code, copies.system_code)
                )
        )
),

final as (
    select dossier_no
    from together
    union
    select dossier_no
    from apart
)

select dossier_no
from final
on conflict do nothing
