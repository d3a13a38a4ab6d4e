-- Grain: one unit. Reads the catalogue's units in use, given as one array per column. Writes only rows of unit that
-- differ, so a night without changes writes nothing.
with given as (
    select
        unit_id,
        code,
        kind,
        level,
        parent_id,
        name,
        valid_from,
        valid_to
    from unnest(
        cast(:unit_ids as text[]),
        cast(:codes as text[]),
        cast(:kinds as text[]),
        cast(:levels as text[]),
        cast(:parent_ids as text[]),
        cast(:names as text[]),
        cast(:valid_froms as date[]),
        cast(:valid_tos as date[])
    ) as listed (unit_id, code, kind, level, parent_id, name, valid_from, valid_to)
),

final as (
    select given.*
    from given
    left join unit on given.unit_id = unit.unit_id
    where
        (given.code, given.kind, given.level, given.parent_id, given.name, given.valid_from, given.valid_to)
        is distinct from
        (unit.code, unit.kind, unit.level, unit.parent_id, unit.name, unit.valid_from, unit.valid_to)
)

insert into unit (unit_id, code, kind, level, parent_id, name, valid_from, valid_to)
select
    unit_id,
    code,
    kind,
    level,
    parent_id,
    name,
    valid_from,
    valid_to
from final
on conflict (unit_id) do update
    set
        code = excluded.code,
        kind = excluded.kind,
        level = excluded.level,
        parent_id = excluded.parent_id,
        name = excluded.name,
        valid_from = excluded.valid_from,
        valid_to = excluded.valid_to
