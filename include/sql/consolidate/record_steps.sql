-- Grain: one step of an inter-agency dossier (liên thông), a child at the agency that takes it. Writes dossier_step,
-- the newest word of each. Never counted: the dossier counts once, at the receiving agency (one_stop_systems.md d.10).
-- `:steps` is a JSON array.
insert into dossier_step (
    system_code, agency_code, dossier_id, parent_dossier_id, dossier_no, unit_code, procedure_code, status_code,
    source_status, received_at, due_at, finished_at, returned_at, source_id, batch_id, said_at
)
select
    given.system_code,
    given.agency_code,
    given.dossier_id,
    given.parent_dossier_id,
    given.dossier_no,
    given.unit_code,
    given.procedure_code,
    given.status_code,
    given.source_status,
    given.received_at,
    given.due_at,
    given.finished_at,
    given.returned_at,
    :source_id as source_id,
    :batch_id as batch_id,
    :known_from as said_at
from
    jsonb_to_recordset(cast(:steps as jsonb))
        as given (
            system_code text,
            agency_code text,
            dossier_id text,
            parent_dossier_id text,
            dossier_no text,
            unit_code text,
            procedure_code text,
            status_code smallint,
            source_status text,
            received_at timestamp,
            due_at timestamp,
            finished_at timestamp,
            returned_at timestamp
        )
on conflict (system_code, agency_code, dossier_id) do update
    set
        parent_dossier_id = excluded.parent_dossier_id,
        dossier_no = excluded.dossier_no,
        unit_code = excluded.unit_code,
        procedure_code = excluded.procedure_code,
        status_code = excluded.status_code,
        source_status = excluded.source_status,
        received_at = excluded.received_at,
        due_at = excluded.due_at,
        finished_at = excluded.finished_at,
        returned_at = excluded.returned_at,
        source_id = excluded.source_id,
        batch_id = excluded.batch_id,
        said_at = excluded.said_at
    where dossier_step.said_at < excluded.said_at
