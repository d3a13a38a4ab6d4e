-- Grain: one dossier. Reads absent, said_later, dossier_version. Writes dossier_absence: known dossiers that a complete
-- listing did not show and that are not proven to be deleted. They still count.
insert into dossier_absence as absence (
    system_code, agency_code, dossier_id, source_id, state, missed_in_batch_id, missed_at
)
select distinct
    known.system_code,
    known.agency_code,
    known.dossier_id,
    known.source_id,
    'unconfirmed' as state,
    :batch_id as missed_in_batch_id,
    :known_from as missed_at
from absent
inner join dossier_version as known
    on
        absent.dossier_id = known.dossier_id
        and known.source_id = :source_id
        and known.known_to is null
        and not known.is_deleted
where
    absent.evidence in ('not_found', 'not_shown')
    and coalesce(known.said_in_pull, 0) < :pull_no
    and not exists (
        select from said_later
        where
            said_later.system_code = known.system_code
            and said_later.agency_code = known.agency_code
            and said_later.record_id = known.dossier_id
    )
on conflict (system_code, agency_code, dossier_id) do update
    set
        state = 'unconfirmed',
        missed_in_batch_id
        = case absence.state when 'unconfirmed' then absence.missed_in_batch_id else excluded.missed_in_batch_id end,
        missed_at = case absence.state when 'unconfirmed' then absence.missed_at else excluded.missed_at end,
        missed_count = case absence.state when 'unconfirmed' then absence.missed_count + 1 else 1 end,
        settled_in_batch_id = null,
        settled_at = null,
        proof = null
