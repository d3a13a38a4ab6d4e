-- Grain: one finding of a batch. Writes source_drift. Names only: no value of a record but a code outside its list.
insert into source_drift (source_id, batch_id, kind, name, detail, handling)
values (:source_id, :batch_id, :kind, :name, :detail, :handling)
on conflict (batch_id, kind, name) do update set detail = excluded.detail, handling = excluded.handling
