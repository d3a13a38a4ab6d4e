-- Grain: one record set aside. Reads quarantine_record, batch. Its status now:
--   superseded  a later record of the same key was set aside. For a record without a key: one that says the same was
--               set aside later, its source has answered again for the same days, or what its pull landed was read
--               again. Of dropped files every pull reads every row: one that asks for its day of reception, or any pull
--               where it has no day
--   accepted    a batch that accepted the record is loaded
--   open        neither of these
with named as (
    select
        *,
        coalesce(
            record_id, '#' || md5(cast(record - array['record_no', 'stands_in', 'mapping_issues'] as text))
        ) as named_by
    from quarantine_record
),

-- Rows of one pull that say the same are several records.
told as (
    select
        *,
        case
            when record_id is null
                then row_number() over (
                    partition by batch_id, record_kind, system_code, agency_code, named_by order by quarantine_id
                )
            else 0
        end as copy_no
    from named
),

latest as (
    select
        *,
        row_number() over (
            partition by source_id, record_kind, system_code, agency_code, named_by, copy_no
            order by quarantine_id desc
        ) as age
    from told
)

select
    latest.quarantine_id,
    latest.record_kind,
    latest.source_id,
    latest.batch_id,
    latest.system_code,
    latest.agency_code,
    latest.record_id,
    latest.dossier_no,
    latest.unit_id,
    latest.broken_rules,
    latest.record,
    latest.set_aside_at,
    latest.accepted_in_batch_id,
    case
        when latest.age > 1 then 'superseded'
        when accepting.state = 'loaded' then 'accepted'
        when
            latest.record_id is null
            and exists (
                select from batch as later
                where
                    later.source_id = latest.source_id
                    and later.record_kind = latest.record_kind
                    and later.state = 'loaded'
                    and (
                        (
                            later.replay_of is null
                            and later.pull_no > own.said_in_pull
                            and (
                                later.is_whole
                                or (
                                    cast(latest.record ->> 'stands_in' as jsonb) ->> 'file' is not null
                                    and coalesce(
                                        cast(latest.record ->> 'received_at' as date)
                                        between later.window_from and later.window_to,
                                        true
                                    )
                                )
                                or (later.window_from <= own.window_from and own.window_to <= later.window_to)
                            )
                        )
                        or (
                            later.replay_of = coalesce(own.replay_of, own.batch_id)
                            and later.pull_no > own.pull_no
                        )
                    )
            )
            then 'superseded'
        else 'open'
    end as status
from latest
left join batch as own on latest.batch_id = own.batch_id
left join batch as accepting on latest.accepted_in_batch_id = accepting.batch_id
