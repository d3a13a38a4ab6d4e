-- Grain: one unit. Writes unit. Idempotent: a unit that did not change is not rewritten.
insert into unit (unit_id, code, kind, level, parent_id, name, valid_from, valid_to)
values (:unit_id, :code, :kind, :level, :parent_id, :name, :valid_from, :valid_to)
on conflict (unit_id) do update
    set
        code = excluded.code,
        kind = excluded.kind,
        level = excluded.level,
        parent_id = excluded.parent_id,
        name = excluded.name,
        valid_from = excluded.valid_from,
        valid_to = excluded.valid_to
    where unit is distinct from excluded
