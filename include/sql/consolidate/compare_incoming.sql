-- Grain: one accepted record of a batch. Reads accepted_record (the staging table), the versions of its kind.
-- Writes compared, a table of this transaction: whether each record is new, changed or unchanged.
-- The content hash covers the values from the source and the values that we derived from them. It does not cover when
-- or how the record was received. It has first the columns that were always in it, in their order, then every other
-- column that has a value, by name. So a new column without values does not change any hash.
-- A record pulled before the known version (a replay of an old batch) changes nothing.
create temporary table compared on commit drop as
with incoming as (
    select
        *,
        encode(sha256(convert_to((
            jsonb_build_array({compared_always}) || case
                when num_nonnulls({compared_when_said}) = 0 then '[]'::jsonb
                else jsonb_strip_nulls(jsonb_build_object({compared_when_said_named}))
            end
        )::text, 'UTF8')), 'hex') as content_hash
    from accepted_record
    where batch_id = :batch_id
),

met as (
    select
        incoming.*,
        known.version_id as known_version_id,
        greatest(known.known_from, :known_from) as made_at,
        known.content_hash = incoming.content_hash as is_hash_known,
        coalesce(known.said_at, known.known_from) >= :known_from as is_known_newer
    from incoming
    left join {version_table} as known on (incoming.{key}) = (known.{key}) and known.known_to is null
)

select
    met.*,
    case
        when met.known_version_id is null then 'new'
        when met.is_hash_known or met.is_known_newer then 'unchanged'
        else 'changed'
    end as outcome
from met
