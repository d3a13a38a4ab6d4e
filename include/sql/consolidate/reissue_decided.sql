-- Grain: one dossier version. Reads identity_decision. Writes reissued: versions that became a copy, or no longer are.
insert into reissued (version_id, duplicate_of, is_deleted, deletion_proof)
select
    version_id,
    duplicate_of,
    false as is_deleted,
    null as deletion_proof
from identity_decision
where version_id is not null and duplicate_of is distinct from known_duplicate_of
