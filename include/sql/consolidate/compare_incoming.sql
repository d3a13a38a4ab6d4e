-- Grain: one accepted record of a batch. Reads accepted_record (the staging table), said_later, the versions of its
-- kind. Writes compared, a table of this transaction: whether each record is new, changed, unchanged or stale. The
-- content hash covers the values from the source and the values that we derived from them. It does not cover when or
-- how the record was received. It has first the columns that were always in it, in their order, then every other column
-- that has a value, by name. So a new column without values does not change any hash. A state that is older than the
-- known version, or than what later pulls have repeated of it (said_later), is stale and changes nothing. `is_older`
-- decides which of two states is older. Of one state that a replay reads again, the later reading counts.
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
        (
            is_older({incoming_modified_at}, :pull_no, {known_modified_at}, known.said_in_pull)
            and not (:is_replay and known.said_in_pull is not distinct from :pull_no)
        )
        or (
            said_later.pull_no is not null
            and is_older({incoming_modified_at}, :pull_no, said_later.modified_at, said_later.pull_no)
            and said_later.pull_no is distinct from :pull_no
        ) as is_known_newer,
        coalesce(said_later.modified_at = '9999-12-31', false) as is_deleted_later
    from incoming
    left join {version_table} as known on (incoming.{key}) = (known.{key}) and known.known_to is null
    left join said_later
        on
            incoming.system_code = said_later.system_code
            and incoming.agency_code = said_later.agency_code
            and incoming.{id_column} = said_later.record_id
)

select
    met.*,
    case
        when met.known_version_id is null and met.is_deleted_later then 'stale'
        when met.known_version_id is null then 'new'
        when met.is_hash_known then 'unchanged'
        when met.is_known_newer then 'stale'
        else 'changed'
    end as outcome
from met
