-- Grain: one record of which the source has said something in a pull that started after this batch's and is loaded, or
-- has repeated what is known with a later modified time. Reads accepted_record, dossier_touch, dossier_version. Writes
-- said_later, a table of this transaction, nearly empty for a batch that loads in its turn. Why: a record that repeats
-- what is known makes no version, so the versions do not tell that the source said it again. Where it was said more
-- than once the newest state counts. A deletion counts as modified on the last day of all: what a pull before it showed
-- is of an earlier life of the dossier. The parameters are arrays of one entry a showing.
create temporary table said_later on commit drop as
with given as (
    select
        system_code,
        agency_code,
        record_id,
        modified_at,
        pull_no
    from unnest(
        cast(:system_codes as text[]),
        cast(:agency_codes as text[]),
        cast(:record_ids as text[]),
        cast(:modified_ats as timestamp[]),
        cast(:pull_nos as bigint[])
    ) as shown (system_code, agency_code, record_id, modified_at, pull_no)
),

deleted as (
    select
        system_code,
        agency_code,
        dossier_id as record_id,
        cast('9999-12-31' as timestamp) as modified_at,
        said_in_pull as pull_no
    from dossier_version
    where is_deleted and source_id = :source_id and said_in_pull > :pull_no
),

touched as (
    select
        touch.system_code,
        touch.agency_code,
        touch.dossier_id as record_id,
        touch.modified_at,
        touch.pull_no
    from accepted_record
    inner join dossier_touch as touch
        on
            accepted_record.system_code = touch.system_code
            and accepted_record.agency_code = touch.agency_code
            and accepted_record.{id_column} = touch.dossier_id
    inner join dossier_version as known
        on
            touch.system_code = known.system_code
            and touch.agency_code = known.agency_code
            and touch.dossier_id = known.dossier_id
            and known.known_to is null
    where accepted_record.batch_id = :batch_id and coalesce(known.said_in_pull, 0) < touch.pull_no
),

final as (
    select * from given
    union all
    select * from touched
    union all
    select * from deleted
)

select distinct on (system_code, agency_code, record_id)
    system_code,
    agency_code,
    record_id,
    modified_at,
    pull_no
from final
order by
    system_code asc,
    agency_code asc,
    record_id asc,
    modified_at desc nulls last,
    pull_no desc
