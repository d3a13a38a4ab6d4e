-- Grain: one dossier. Reads compared, said_later, dossier_version. Writes dossier_touch: the record repeats what is
-- known, and its source modified it later, which is not noted yet. Why: that makes no version, and still every state
-- modified before it is older.
insert into dossier_touch (system_code, agency_code, dossier_id, modified_at, pull_no)
select
    compared.system_code,
    compared.agency_code,
    compared.dossier_id,
    compared.modified_at,
    :pull_no as pull_no
from compared
inner join dossier_version as known on compared.known_version_id = known.version_id
where
    compared.outcome = 'unchanged'
    and not compared.is_known_newer
    and compared.modified_at > known.modified_at
    and not exists (
        select from said_later
        where
            said_later.system_code = compared.system_code
            and said_later.agency_code = compared.agency_code
            and said_later.record_id = compared.dossier_id
            and said_later.modified_at = compared.modified_at
    )
on conflict (system_code, agency_code, dossier_id) do update
    set modified_at = excluded.modified_at, pull_no = excluded.pull_no
