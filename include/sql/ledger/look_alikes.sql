-- Grain: one pair of sources. Reads dossier_span, dossier_current. How many pairs of dossiers of a period look like
-- one: the same number, reported by one unit, in two systems, and both count. Their procedure and day of reception may
-- differ: a paper register is often written a day later, and in other words. A number that names its office
-- (:names_office) is one dossier already. Nothing tells whether a unit keeps two books that number alike or one dossier
-- in two systems, so a person says it: of two numberings (:own_systems, :own_agencies, :own_others, an entry each)
-- nothing is in doubt.
with own_numbering as (
    select
        system_code,
        agency_code,
        other_system_code
    from unnest(
        cast(:own_systems as text[]),
        cast(:own_agencies as text[]),
        cast(:own_others as text[])
    ) as stated (system_code, agency_code, other_system_code)
),

spans as (
    select
        system_code,
        agency_code,
        dossier_id,
        begun_on <= cast(:to_date as date)
        and coalesce(closed_on >= cast(:from_date as date), true) as is_of_period
    from dossier_span
    where unit_id = any(cast(:unit_ids as text[]))
),

counted as (
    select
        known.system_code,
        known.agency_code,
        known.dossier_no,
        known.source_id,
        coalesce(known.reported_unit_id, known.unit_id) as reporting_unit_id,
        spans.is_of_period
    from spans
    inner join dossier_current as known
        on
            spans.system_code = known.system_code
            and spans.agency_code = known.agency_code
            and spans.dossier_id = known.dossier_id
),

twice as (
    select
        dossier_no,
        reporting_unit_id
    from counted
    group by dossier_no, reporting_unit_id
    having count(distinct system_code) > 1 and bool_or(is_of_period)
),

in_doubt as (
    select *
    from twice
    where dossier_no ~ '[0-9]' and dossier_no !~* cast(:names_office as text)
),

alike as (
    select counted.*
    from in_doubt
    inner join counted
        on
            in_doubt.dossier_no = counted.dossier_no
            and in_doubt.reporting_unit_id = counted.reporting_unit_id
)

select
    alike.source_id,
    alike.system_code,
    other.source_id as other_source_id,
    other.system_code as other_system_code,
    count(*) as pair_count
from alike
inner join alike as other
    on
        alike.dossier_no = other.dossier_no
        and alike.reporting_unit_id = other.reporting_unit_id
        and alike.system_code < other.system_code
where
    (alike.is_of_period or other.is_of_period)
    and not exists (
        select from own_numbering
        where
            (own_numbering.system_code, own_numbering.agency_code, own_numbering.other_system_code)
            in (
                (alike.system_code, alike.agency_code, other.system_code),
                (other.system_code, other.agency_code, alike.system_code)
            )
    )
group by alike.source_id, alike.system_code, other.source_id, other.system_code
order by alike.source_id, other.source_id
