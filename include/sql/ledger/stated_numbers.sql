-- Grain: one source and another system of its unit. Writes stated_numbers, a table of this transaction only: what the
-- catalogue says of the numbers of the two (`numbers` of a source), an entry of each array each. A merge asks what is
-- shared, an edition what each has of its own. A statement of one of the two holds for both.
create temporary table stated_numbers on commit drop as
select
    system_code,
    agency_code,
    other_system_code
from unnest(
    cast(:system_codes as text[]),
    cast(:agency_codes as text[]),
    cast(:other_system_codes as text[])
) as stated (system_code, agency_code, other_system_code)
