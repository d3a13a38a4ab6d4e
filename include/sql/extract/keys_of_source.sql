-- Grain: one dossier of a source that is not deleted. Reads dossier_current. The keys that the store has of the source,
-- each with its day of reception, or else of submission, and what tells it from another dossier of the same key.
select
    dossier_id,
    coalesce(received_at, submitted_at)::date as on_day,
    received_at,
    procedure_code,
    applicant_ref,
    status_code,
    finished_at,
    returned_at
from dossier_current
where source_id = :source_id and not is_deleted
order by dossier_id
