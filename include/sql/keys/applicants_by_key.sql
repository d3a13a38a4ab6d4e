-- Grain: key id. Reads dossier_version, applicant_alias. Counts the current dossiers with a reference under each key,
-- and those of them without a newer reference (unjoined_count). The latter still need both keys during a rotation.
select
    split_part(dossier_version.applicant_ref, ':', 1) as key_id,
    count(*) as dossier_count,
    count(*) filter (where applicant_alias.previous_ref is null) as unjoined_count
from dossier_version
left join applicant_alias on dossier_version.applicant_ref = applicant_alias.previous_ref
where dossier_version.known_to is null and dossier_version.applicant_ref is not null
group by key_id
order by key_id
