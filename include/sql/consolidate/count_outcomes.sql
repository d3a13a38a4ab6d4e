-- Grain: one row. Reads compared, identity_decision, reissued, dossier_version. The number of the batch's accepted
-- dossiers by outcome. A copy of a dossier that counts elsewhere is a duplicate, whatever its content is.
with judged as (
    select
        compared.outcome,
        known.is_deleted as is_known_deleted,
        case
            when identity_decision.system_code is null then known.duplicate_of
            else identity_decision.duplicate_of
        end as duplicate_of
    from compared
    left join dossier_version as known on compared.known_version_id = known.version_id
    left join identity_decision
        on
            compared.system_code = identity_decision.system_code
            and compared.agency_code = identity_decision.agency_code
            and compared.dossier_id = identity_decision.dossier_id
)

select
    count(*) filter (where outcome = 'new' and duplicate_of is null) as new_count,
    count(*) filter (where outcome = 'changed' and duplicate_of is null) as changed_count,
    count(*) filter (where outcome = 'unchanged' and duplicate_of is null) as unchanged_count,
    count(*) filter (where outcome = 'stale' and duplicate_of is null) as stale_count,
    count(*) filter (where duplicate_of is not null) as copy_count,
    count(*) filter (where outcome = 'changed' and is_known_deleted) as restored_count,
    (
        select count(*)
        from reissued
        where reissued.is_deleted
    ) as tombstoned_count
from judged
