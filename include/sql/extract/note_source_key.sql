-- Grain: one rule by which the keys of a source's dossiers are made. Writes source_key. A rule that is used again keeps
-- its row.
insert into source_key (source_id, made_by)
values (:source_id, cast(:made_by as jsonb))
on conflict do nothing
