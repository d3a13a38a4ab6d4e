-- Grain: one unit and one later unit of its chain of heirs. Writes unit_heir so that it equals the catalogue: adds
-- missing rows and deletes the others.
with wanted as (
    select
        chain.unit_id,
        chain.heir_id
    from unnest(cast(:unit_ids as text[]), cast(:heir_ids as text[])) as chain (unit_id, heir_id)
),

ended as (
    delete from unit_heir
    where not exists (
        select from wanted
        where wanted.unit_id = unit_heir.unit_id and wanted.heir_id = unit_heir.heir_id
    )
)

insert into unit_heir (unit_id, heir_id)
select
    unit_id,
    heir_id
from wanted
on conflict do nothing
