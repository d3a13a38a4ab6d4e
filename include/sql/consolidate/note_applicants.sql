-- Grain: one previous reference of an applicant. Reads accepted_record. Writes applicant_alias during a key rotation:
-- each reference under a replaced key, with the newest reference of the same person.
-- An alias always points to a reference that is not an alias, so one look-up is enough. When the newest reference is
-- replaced too, the aliases that point to it are changed to point to its replacement. A batch pulled before that
-- contains references that are old now.
with said as (
    select distinct
        previous.ref as previous_ref,
        accepted_record.applicant_ref
    from accepted_record
    cross join lateral unnest(string_to_array(accepted_record.previous_applicant_refs, ' ')) as previous (ref)
    where accepted_record.batch_id = :batch_id
),

newest as (
    select
        said.previous_ref,
        coalesce(applicant_alias.applicant_ref, said.applicant_ref) as applicant_ref
    from said
    left join applicant_alias on said.applicant_ref = applicant_alias.previous_ref
    where said.previous_ref <> coalesce(applicant_alias.applicant_ref, said.applicant_ref)
),

pointed_on as (
    update applicant_alias
    set applicant_ref = newest.applicant_ref
    from newest
    where applicant_alias.applicant_ref = newest.previous_ref
)

insert into applicant_alias (previous_ref, applicant_ref)
select
    previous_ref,
    applicant_ref
from newest
on conflict (previous_ref) do nothing
