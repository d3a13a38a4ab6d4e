-- Grain: one version. Reads compared. Writes a version for each new or changed record of the batch.
insert into {version_table} ({said}, {decided}, content_hash, source_id, batch_id, known_from, said_at, said_in_pull)
select
    compared.{said},
    compared.{decided},
    compared.content_hash,
    :source_id as source_id,
    :batch_id as batch_id,
    compared.made_at as known_from,
    :said_at as said_at,
    :pull_no as said_in_pull
from compared
where compared.outcome in ('new', 'changed')
order by compared.record_no
