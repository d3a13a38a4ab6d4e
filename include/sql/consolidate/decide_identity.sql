-- Grain: one dossier version, known or about to be written, whose number others hold too. Reads compared, reissued,
-- dossier_version. Writes identity_decision: of which dossier each is a copy, if of any.
-- The same dossier seen at two levels or in two systems counts once (one_stop_systems.md d.7, d.10, issue #1434):
--   same dossier    the same number and reference_uid within one system; or, across systems, the same number, procedure
--                   and day of reception. Both need a number, so only dossiers of one number are compared.
--   who keeps it    the one that has received it, before one that has not; the receiving agency, whose code opens the
--                   number (TT 01/2018/TT-VPCP, Mã số hồ sơ), before others; then the newest modified at its source
-- Decided anew from the evidence of the moment whenever one of them changes, so a decision is undone by the same way.
create temporary table identity_decision on commit drop as
with recursive touched as (
    select dossier_no
    from compared
    where outcome in ('new', 'changed')
    union
    select known.dossier_no
    from compared
    inner join dossier_version as known on compared.known_version_id = known.version_id
    where compared.outcome = 'changed'
    union
    select known.dossier_no
    from reissued
    inner join dossier_version as known on reissued.version_id = known.version_id
),

known_holders as (
    select known.*
    from touched
    inner join dossier_version as known on touched.dossier_no = known.dossier_no and known.known_to is null
    where
        not known.is_deleted
        and not exists (
            select from reissued
            where reissued.version_id = known.version_id
        )
        and not exists (
            select from compared
            where compared.known_version_id = known.version_id and compared.outcome = 'changed'
        )
),

holders as (
    select
        version_id,
        system_code,
        agency_code,
        dossier_id,
        dossier_no,
        reference_uid,
        procedure_code,
        unit_code,
        status_code,
        received_at,
        modified_at,
        duplicate_of
    from known_holders
    union all
    select
        null as version_id,
        system_code,
        agency_code,
        dossier_id,
        dossier_no,
        reference_uid,
        procedure_code,
        unit_code,
        status_code,
        received_at,
        modified_at,
        null as duplicate_of
    from compared
    where outcome in ('new', 'changed') and dossier_no ~ '[0-9]'
),

shared as (
    select
        *,
        count(*) over (partition by dossier_no) as holder_count
    from holders
),

members as (
    select
        *,
        row_number() over (
            order by
                (status_code not in (1, 3) and received_at is not null) desc,
                (unit_code is not distinct from split_part(dossier_no, '-', 1)) desc,
                modified_at desc nulls last,
                system_code asc,
                agency_code asc,
                dossier_id asc
        ) as place
    from shared
    where holder_count > 1 or duplicate_of is not null
),

pairs as (
    select
        members.place,
        other.place as other_place
    from members
    inner join members as other
        on members.dossier_no = other.dossier_no and members.place <> other.place
    where
        (members.system_code = other.system_code and members.reference_uid = other.reference_uid)
        or (
            members.system_code <> other.system_code
            and members.procedure_code = other.procedure_code
            and members.received_at::date = other.received_at::date
        )
),

reached as (
    select
        place,
        place as other_place
    from members
    union
    select
        reached.place,
        pairs.other_place
    from reached
    inner join pairs on reached.other_place = pairs.place
),

keepers as (
    select
        place,
        min(other_place) as keeper_place
    from reached
    group by place
),

final as (
    select
        members.version_id,
        members.system_code,
        members.agency_code,
        members.dossier_id,
        members.duplicate_of as known_duplicate_of,
        case
            when keepers.keeper_place <> members.place
                then concat_ws('/', keeper.system_code, keeper.agency_code, keeper.dossier_id)
        end as duplicate_of
    from members
    inner join keepers on members.place = keepers.place
    inner join members as keeper on keepers.keeper_place = keeper.place
)

select
    version_id,
    system_code,
    agency_code,
    dossier_id,
    known_duplicate_of,
    duplicate_of
from final
