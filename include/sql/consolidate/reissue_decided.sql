-- Grain: one dossier version. Reads identity_decision. Writes reissued: versions that became a copy, that are no longer
-- a copy, or that an heir is now known to continue.
insert into reissued (version_id, duplicate_of, is_deleted, deletion_proof, unit_id, reported_unit_id)
select
    version_id,
    duplicate_of,
    false as is_deleted,
    null as deletion_proof,
    unit_id,
    reported_unit_id
from identity_decision
where
    version_id is not null
    and (duplicate_of is distinct from known_duplicate_of or unit_id <> known_unit_id)
