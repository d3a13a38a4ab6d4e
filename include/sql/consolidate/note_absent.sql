-- Grain: one dossier that the pull knew of and the source did not show. Writes absent, a table of this transaction.
-- evidence: marked (as deleted, by the source), not_found (asked for by id), not_shown (not asked for)
create temporary table absent on commit drop as
select
    dossier_id,
    evidence
from unnest(cast(:dossier_ids as text[]), cast(:evidence as text[])) as given (dossier_id, evidence)
