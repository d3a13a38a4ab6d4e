-- Grain: one source of another system. Reads dossier_current. How many of the numbers asked for (:dossier_nos) another
-- system of the same unit has too, where a number does not name its office (:names_office): once both are loaded,
-- nothing tells whether they are one dossier or two (ledger/look_alikes).
select
    known.source_id,
    known.system_code,
    known.agency_code,
    count(distinct known.dossier_no) as number_count
from unnest(cast(:dossier_nos as text[])) as asked (dossier_no)
inner join dossier_current as known on asked.dossier_no = known.dossier_no
where
    known.system_code <> cast(:system_code as text)
    and coalesce(known.reported_unit_id, known.unit_id) = any(cast(:unit_ids as text[]))
    and not known.is_deleted
    and known.dossier_no ~ '[0-9]'
    and known.dossier_no !~* cast(:names_office as text)
group by known.source_id, known.system_code, known.agency_code
order by known.source_id
