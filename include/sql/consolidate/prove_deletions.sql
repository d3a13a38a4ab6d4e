-- Grain: one dossier version. Reads absent, compared, said_later, dossier_absence, batch, dossier_version. Writes
-- reissued: versions whose dossier is proven to be deleted at its source. There are three proofs: the source marks the
-- dossier as deleted; somebody accepted a register without it as it is (--accept-shrink); or the source does not find
-- the dossier's id on a later night than the first pull that missed it: a later day in Vietnam, and six hours at least,
-- because pulls on both sides of midnight are one night. A short page is never a proof, and what the source showed in
-- this pull or in a later one disproves a deletion. A dossier whose record has another key now (`dossier_id_now`, of
-- those that are `replaced` only) is withdrawn under the old one when the new one is accepted.
create temporary table reissued on commit drop as
select
    known.version_id,
    known.duplicate_of,
    true as is_deleted,
    case
        when absent.evidence = 'not_found'
            then
                'batch '
                || :batch_id
                || ': the source does not know the id, first missed by '
                || absence.missed_in_batch_id
        when absent.evidence = 'replaced'
            then 'batch ' || :batch_id || ': its key is ' || absent.dossier_id_now || ' since the mapping makes it so'
        when absent.evidence = 'accepted'
            then 'batch ' || :batch_id || ': not in the register, which was accepted as it is'
        else 'batch ' || :batch_id || ': marked as deleted at the source'
    end as deletion_proof,
    known.unit_id,
    known.reported_unit_id
from absent
inner join dossier_version as known
    on
        absent.dossier_id = known.dossier_id
        and known.source_id = :source_id
        and known.known_to is null
        and not known.is_deleted
left join dossier_absence as absence
    on
        known.system_code = absence.system_code
        and known.agency_code = absence.agency_code
        and known.dossier_id = absence.dossier_id
        and absence.state = 'unconfirmed'
left join batch as missed on absence.missed_in_batch_id = missed.batch_id
where
    (
        absent.evidence in ('marked', 'accepted')
        or (
            absent.evidence = 'not_found'
            and coalesce(missed.said_in_pull, 0) < :pull_no
            and absence.missed_at + interval '6 hours' <= :known_from
            and (absence.missed_at at time zone 'Asia/Ho_Chi_Minh')::date
            < (cast(:known_from as timestamptz) at time zone 'Asia/Ho_Chi_Minh')::date
        )
        or exists (
            select from compared
            where
                compared.system_code = known.system_code
                and compared.agency_code = known.agency_code
                and compared.dossier_id = absent.dossier_id_now
        )
    )
    and coalesce(known.said_in_pull, 0) < :pull_no
    and not exists (
        select from compared
        where compared.known_version_id = known.version_id
    )
    and not exists (
        select from said_later
        where
            said_later.system_code = known.system_code
            and said_later.agency_code = known.agency_code
            and said_later.record_id = known.dossier_id
    )
