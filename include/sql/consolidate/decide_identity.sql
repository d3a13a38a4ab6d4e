-- Grain: one dossier version, known or about to be written, whose number other dossiers have too. Reads compared,
-- reissued, identity_due, dossier_version, unit_heir, stated_numbers. Writes identity_decision: the dossier that each
-- version is a copy of, if any.
-- The same dossier seen at two levels or in two systems counts once (one_stop_systems.md d.7, d.10, issue #1434):
--   same dossier    within one system, the same number and reference_uid; across systems, the same number, procedure
--                   and day of reception, where the number means the same office: it names it (:names_office), or the
--                   one unit is an heir of the other and no second predecessor has such a number, nor the heir one that
--                   it took over from another unit, or one unit reports both and the catalogue says that the two
--                   systems share one numbering (stated_numbers). Else what looks alike is two dossiers, and
--                   ledger/look_alikes keeps it from being final. Only equal numbers are compared.
--   which counts    in this order: a received dossier before one that is not received; the dossier of a unit's heir,
--                   which continues it; the dossier of the receiving agency, whose code begins the number
--                   (TT 01/2018/TT-VPCP, Mã số hồ sơ); the dossier modified last at its source; that of the source
--                   whose entry says that it shares the numbering of the other
--   at which unit   a dossier that an heir continues stays with the unit that received it, so past flows do not move
-- When one of the dossiers changes, the decision is made again from the current data. This also reverses a decision.
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
    union
    select dossier_no from identity_due
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
        duplicate_of,
        unit_id,
        reported_unit_id
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
        null as duplicate_of,
        unit_id,
        reported_unit_id
    from compared
    where outcome in ('new', 'changed') and dossier_no ~ '[0-9]'
),

shared as (
    select
        *,
        coalesce(reported_unit_id, unit_id) as reporting_unit_id,
        dossier_no ~* cast(:names_office as text) as is_office_named,
        count(*) over (partition by dossier_no) as holder_count
    from holders
),

going_on as (
    select distinct
        shared.system_code,
        shared.agency_code,
        shared.dossier_id
    from shared
    inner join unit_heir on shared.reporting_unit_id = unit_heir.heir_id
    inner join shared as other on shared.dossier_no = other.dossier_no and unit_heir.unit_id = other.unit_id
),

taking_part as (
    select distinct
        shared.system_code,
        shared.agency_code,
        shared.dossier_id
    from shared
    inner join stated_numbers as stated
        on shared.system_code = stated.system_code and shared.agency_code = stated.agency_code
    inner join shared as other
        on shared.dossier_no = other.dossier_no and stated.other_system_code = other.system_code
),

members as (
    select
        shared.*,
        row_number() over (
            order by
                (shared.status_code not in (1, 3) and shared.received_at is not null) desc,
                (going_on.dossier_id is not null) desc,
                (shared.unit_code is not distinct from split_part(shared.dossier_no, '-', 1)) desc,
                shared.modified_at desc nulls last,
                (taking_part.dossier_id is not null) desc,
                shared.system_code asc,
                shared.agency_code asc,
                shared.dossier_id asc
        ) as place
    from shared
    left join going_on
        on
            shared.system_code = going_on.system_code
            and shared.agency_code = going_on.agency_code
            and shared.dossier_id = going_on.dossier_id
    left join taking_part
        on
            shared.system_code = taking_part.system_code
            and shared.agency_code = taking_part.agency_code
            and shared.dossier_id = taking_part.dossier_id
    where shared.holder_count > 1 or shared.duplicate_of is not null
),

alike as (
    select
        members.place,
        other.place as other_place,
        members.unit_id,
        members.reporting_unit_id,
        other.unit_id as other_unit_id,
        other.reporting_unit_id as other_reporting_unit_id,
        members.is_office_named,
        members.system_code,
        members.agency_code,
        other.system_code as other_system_code,
        other.agency_code as other_agency_code
    from members
    inner join members as other
        on members.dossier_no = other.dossier_no and members.system_code <> other.system_code
    where
        members.procedure_code = other.procedure_code
        and members.received_at::date = other.received_at::date
),

inherited as (
    select
        alike.other_place as heir_place,
        min(alike.place) as place
    from alike
    inner join unit_heir
        on alike.unit_id = unit_heir.unit_id and alike.other_reporting_unit_id = unit_heir.heir_id
    group by alike.other_place
    having
        count(distinct alike.unit_id) = 1
        and bool_and(alike.other_unit_id in (alike.unit_id, alike.other_reporting_unit_id))
),

pairs as (
    select
        members.place,
        other.place as other_place
    from members
    inner join members as other
        on
            members.dossier_no = other.dossier_no
            and members.system_code = other.system_code
            and members.reference_uid = other.reference_uid
            and members.place <> other.place
    union
    select
        place,
        other_place
    from alike
    where
        is_office_named
        or (
            reporting_unit_id = other_reporting_unit_id
            and exists (
                select from stated_numbers as stated
                where
                    (stated.system_code, stated.agency_code, stated.other_system_code)
                    in (
                        (alike.system_code, alike.agency_code, alike.other_system_code),
                        (alike.other_system_code, alike.other_agency_code, alike.system_code)
                    )
            )
        )
    union
    select
        place,
        heir_place
    from inherited
    union
    select
        heir_place,
        place
    from inherited
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

intake as (
    select distinct on (keepers.keeper_place)
        keepers.keeper_place,
        other.unit_id
    from keepers
    inner join members as keeper on keepers.keeper_place = keeper.place
    inner join members as other on keepers.place = other.place
    inner join unit_heir on other.unit_id = unit_heir.unit_id and keeper.unit_id = unit_heir.heir_id
    order by keepers.keeper_place asc, other.place asc
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
        end as duplicate_of,
        members.unit_id as known_unit_id,
        coalesce(intake.unit_id, members.unit_id) as unit_id,
        case when intake.unit_id is null then members.reported_unit_id else members.reporting_unit_id
        end as reported_unit_id
    from members
    inner join keepers on members.place = keepers.place
    inner join members as keeper on keepers.keeper_place = keeper.place
    left join intake on members.place = intake.keeper_place
)

select
    version_id,
    system_code,
    agency_code,
    dossier_id,
    known_duplicate_of,
    duplicate_of,
    known_unit_id,
    unit_id,
    reported_unit_id
from final
