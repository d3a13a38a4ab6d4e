-- Grain: one dossier of a system and agency among those asked for. Reads dossier_current. What the store holds of the
-- facts by which two dossiers of one key are told apart.
select
    known.dossier_id,
    known.received_at,
    known.procedure_code,
    known.applicant_ref,
    known.status_code,
    known.finished_at,
    known.returned_at
from unnest(cast(:dossier_ids as text[])) as asked (dossier_id)
inner join dossier_current as known
    on
        asked.dossier_id = known.dossier_id
        and known.system_code = :system_code
        and known.agency_code = :agency_code
where not known.is_deleted
