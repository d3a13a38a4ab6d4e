-- Grain: one dossier. Reads compared, batch. Writes dossier_absence: the source shows the dossier again. A dossier
-- marked as deleted is restored only by an accepted record, which made its new version.
update dossier_absence
set state = 'seen_again', settled_in_batch_id = :batch_id, settled_at = :known_from, proof = null
where
    source_id = :source_id
    and dossier_id = any(cast(:shown_ids as text[]))
    and not exists (
        select from batch as heard
        where
            heard.batch_id = coalesce(dossier_absence.settled_in_batch_id, dossier_absence.missed_in_batch_id)
            and heard.said_in_pull >= :pull_no
    )
    and (
        state = 'unconfirmed'
        or (
            state = 'tombstoned'
            and exists (
                select from compared
                where
                    compared.system_code = dossier_absence.system_code
                    and compared.agency_code = dossier_absence.agency_code
                    and compared.dossier_id = dossier_absence.dossier_id
                    and compared.outcome in ('new', 'changed')
            )
        )
    )
