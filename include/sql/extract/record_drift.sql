-- Grain: one finding of a batch. Writes source_drift. Writes names only, no values of records except codes that are not
-- in their list.
insert into source_drift (source_id, batch_id, kind, name, detail, handling)
values (:source_id, :batch_id, :kind, :name, :detail, :handling)
on conflict (batch_id, kind, name) do update set detail = excluded.detail, handling = excluded.handling
