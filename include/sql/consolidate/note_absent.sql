-- Grain: one dossier that the pull expected and the source did not show. Writes absent, a table of this transaction.
-- evidence: marked (the source marks it as deleted), not_found (requested by id), not_shown (not requested by id),
-- accepted (not in a register that somebody accepted as it is), replaced (its record has the key `dossier_id_now` since
-- the mapping makes keys in another way)
create temporary table absent on commit drop as
select
    dossier_id,
    evidence,
    dossier_id_now
from unnest(
    cast(:dossier_ids as text[]), cast(:evidence as text[]), cast(:now as text[])
) as given (dossier_id, evidence, dossier_id_now)
