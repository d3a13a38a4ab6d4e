-- Grain: one step of an inter-agency dossier (liên thông): a child at the agency that performs the step. Reads batch.
-- Writes dossier_step, the newest state of each step. Steps never count: the dossier counts once, at the receiving
-- agency (one_stop_systems.md d.10). `:steps` is a JSON array.
insert into dossier_step ({step}, source_id, batch_id, said_at)
select
    given.{step},
    :source_id as source_id,
    :batch_id as batch_id,
    :known_from as said_at
from jsonb_to_recordset(cast(:steps as jsonb)) as given ({step_declared})
where
    not exists (
        select from dossier_step as known
        inner join batch as heard on known.batch_id = heard.batch_id
        where (known.{key}) = (given.{key}) and heard.said_in_pull >= :pull_no
    )
on conflict ({key}) do update
    set
        ({step}, source_id, batch_id, said_at)
        = row (excluded.{step}, excluded.source_id, excluded.batch_id, excluded.said_at)
