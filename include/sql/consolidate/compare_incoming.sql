-- Grain: one accepted record of a batch. Reads accepted_record (the staging table), the versions of its kind.
-- Writes compared, a table of this transaction. Says of each record whether it is new, changes what is known, or
-- repeats it. The content hash covers what the source says of the thing and what we made of it, nothing of when or how
-- we heard it: first the columns that were always in it, in their order, then the others that are said, by name. So a
-- column that nobody says leaves every hash as it was.
-- A record pulled before what is already known (a replay of an old batch) changes nothing.
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
