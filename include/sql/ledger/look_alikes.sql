-- Grain: one pair of sources. Reads dossier_span, dossier_current, stated_numbers. How many pairs of dossiers of a
-- period look like one: the same number, reported by one unit, in two systems, and both count. Their procedure and day
-- of reception may differ: a paper register is often written a day later, and in other words. A number that names its
-- office (:names_office) is one dossier already. Nothing tells whether a unit keeps two books that number alike or one
-- dossier in two systems, so a person says it: of two numberings (stated_numbers) nothing is in doubt.
with spans as (
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

numbered as (
    select *
    from counted
    where dossier_no ~ '[0-9]' and dossier_no !~* cast(:names_office as text)
)

select
    one.source_id,
    one.system_code,
    other.source_id as other_source_id,
    other.system_code as other_system_code,
    count(*) as pair_count
from numbered as one
inner join numbered as other
    on
        one.dossier_no = other.dossier_no
        and one.reporting_unit_id = other.reporting_unit_id
        and one.system_code < other.system_code
where
    (one.is_of_period or other.is_of_period)
    and not exists (
        select from stated_numbers as stated
        where
            (stated.system_code, stated.agency_code, stated.other_system_code)
            in (
                (one.system_code, one.agency_code, other.system_code),
                (other.system_code, other.agency_code, one.system_code)
            )
    )
group by one.source_id, one.system_code, other.source_id, other.system_code
order by one.source_id, other.source_id
