-- Grain: one dossier version, measure and day. Reads dossier_version, rest_day.
-- This is the single definition of every count. Measures are sums of these rows. An increment is the rows of new
-- versions minus the rows of the versions that they supersede. A drill-through shows these rows without summing them.
-- Form II.06a, TT 01/2020/TT-VPCP, counting rules of domain.md section 3.2. All comparisons use calendar days.
--   counted     a dossier counts from the day of reception, except with status 1 (not yet received) and 3 (intake
--               refused). A copy of a dossier that counts elsewhere and a dossier proven to be deleted do not count
--   ended_on    9 and 10: the day processing finished, else the day the result was returned (domain.md section 4.3 for
--               10, inferred for 9). 7 withdrawn and 8 stopped: the day they were closed, else refused, else returned
--               (inferred). Rule V4 of expectations/dossier.json uses the same days
--   refused_on  3: the day of refusal, else the day processing finished, else the day of return (inferred)
--   outcome     before, on or after the due day; without a due day it is on time (domain.md section 4.4)
--   overdue     from the day after the due day until the end; a paused dossier (5, 6) became overdue only if its
--               due day had passed when the pause began, because the pause stops the clock (section 4.5)
--   open_due    the due day of an open dossier that is not paused, for lists of dossiers that fall due
--   facts       a fact that the source does not state is null and gives no row: a measure counts only known facts. A
--               paper from the portal's store is re-used, and a re-used paper is digitised, whatever its own flags are.
--               A dossier is digitised if at least one paper is, as in HoSoCoThanhPhanSoHoa (3.4, inferred)
--   fee         a dossier paid online had a fee, even if the source states none
--   online_level  4 full, 3 partial (NĐ 42/2022 by section 4.6, inferred)
--   apology     a letter of apology does not make a dossier on time; an open dossier counts with an apology from the
--               day the letter was sent
--   intake      an online dossier waits for intake from the day of submission until it is received or refused, unless
--               that is the same day; it is late after the first working day that follows (8 working hours), by the
--               working calendar of due dates (rest_day; inferred)
--   reason      became_overdue_by_<code>, overdue_cleared_by_<code>: the same days, by overdue_reason_code
-- `offset 0` makes PostgreSQL compute each day and outcome once per dossier, not once per measure.
with judged as (
    select
        dossier_version.*,
        dated.*,
        outcome.*
    from dossier_version
    -- noqa: disable=AM09,RF02,ST05
    cross join
        lateral (
            select
                components_from_store_count > 0 as is_from_store,
                greatest(components_reused_count, components_from_store_count) > 0 as is_reused,
                greatest(components_digitised_count, components_reused_count, components_from_store_count) > 0
                    as is_digitised,
                fee_amount > 0 or (fee_amount is null and paid_online_code > 0) as has_fee,
                apology_at is not null or apology_count > 0 as has_apology,
                case when status_code = 3 then coalesce(refused_at, finished_at, returned_at)::date end as refused_on,
                case when channel_code = 2 then submitted_at::date end as sent_on,
                case when status_code not in (1, 3) then received_at::date end as received_on,
                case when status_code not in (1, 3) and received_at is not null then due_at::date end as due_on,
                case
                    when received_at is null then null
                    when status_code in (9, 10) then coalesce(finished_at, returned_at)::date
                    when status_code in (7, 8) then coalesce(finished_at, refused_at, returned_at)::date
                end as ended_on,
                case
                    when status_code <> 1 then coalesce(received_at, refused_at, finished_at, returned_at)::date
                end as settled_on
            from (values (1)) as once (number)
            offset 0
        ) as dated
    left join rest_day on rest_day.day = dated.sent_on + 1
    cross join
        lateral (
            select
                case
                    when status_code in (5, 6) then paused_at::date > due_on
                    else ended_on is null or ended_on > due_on
                end as became_overdue,
                status_code in (9, 10) and ended_on > due_on as is_late,
                case when due_on is not null then greatest(due_on + 1, apology_at::date) end as sorry_on,
                case when status_code = 1 or settled_on > sent_on then sent_on end as awaited_on,
                coalesce(next_workday_on, sent_on + 1) as intake_due_on
            from (values (1)) as once (number)
            offset 0
        ) as outcome
    -- noqa: enable=AM09,RF02,ST05
    where dossier_version.duplicate_of is null and not dossier_version.is_deleted
),

contributions as (
    select
        judged.version_id,
        judged.batch_id,
        judged.superseded_by_batch_id,
        judged.known_to,
        judged.unit_id,
        judged.procedure_code,
        judged.field_code,
        flows.measure,
        flows.on_day
    from judged
    -- noqa: disable=RF02,ST05
    cross join lateral (
        select
            measure,
            on_day
        from (
            values
            ('received_online', case when channel_code = 2 then received_on end),
            ('received_direct', case when channel_code is distinct from 2 then received_on end),
            ('resolved_early', case when status_code in (9, 10) and ended_on < due_on then ended_on end),
            (
                'resolved_on_time',
                case when status_code in (9, 10) and (ended_on = due_on or due_on is null) then ended_on end
            ),
            ('resolved_late', case when is_late then ended_on end),
            ('withdrawn', case when status_code = 7 then ended_on end),
            ('stopped', case when status_code = 8 then ended_on end),
            ('became_overdue', case when became_overdue then due_on + 1 end),
            ('overdue_cleared', case when became_overdue then ended_on end),
            ('open_due', case when status_code in (2, 4) then due_on end),
            ('not_accepted', refused_on),
            ('closed_online', case when channel_code = 2 then ended_on end),
            ('became_overdue_online', case when channel_code = 2 and became_overdue then due_on + 1 end),
            ('overdue_cleared_online', case when channel_code = 2 and became_overdue then ended_on end),
            ('intake_awaited', awaited_on),
            ('intake_settled', case when awaited_on is not null then settled_on end)
        ) as counted (measure, on_day)
        union all
        select
            measure,
            received_on as on_day
        from (
            values
            ('received_full_online', channel_code = 2 and online_level = 4),
            ('received_partial_online', channel_code = 2 and online_level = 3),
            ('received_postal', channel_code = 3),
            ('received_with_fee', has_fee),
            ('received_paid_online', has_fee and paid_online_code > 0),
            ('received_paid_online_national', has_fee and paid_online_code = 1)
        ) as taken_in (measure, is_so)
        where is_so
        union all
        select
            measure,
            received_on as on_day
        from (
            values
            ('received_non_territorial', is_non_territorial),
            ('received_synced', is_synced_to_portal),
            ('received_components_known', components_count is not null and is_digitised is not null),
            ('received_components_digitised', components_count is not null and is_digitised),
            ('received_components_reused', components_count is not null and is_reused),
            ('received_from_portal_store', components_count is not null and is_from_store),
            ('received_identity_verified', is_identity_verified),
            ('received_population_data', uses_population_data),
            ('received_population_linked', is_identity_verified or uses_population_data)
        ) as told (measure, is_so)
        where
            num_nonnulls(
                components_count, is_identity_verified, uses_population_data, is_non_territorial, is_synced_to_portal
            ) > 0
            and is_so
        union all
        select
            measure,
            ended_on as on_day
        from (
            values
            ('resolved_result_known', has_electronic_result is not null),
            ('resolved_with_electronic_result', has_electronic_result),
            ('resolved_with_components_and_result', has_electronic_result and is_digitised),
            ('resolved_late_with_apology', is_late and has_apology),
            ('resolved_satisfied', satisfaction_code = 'satisfied'),
            ('resolved_unsatisfied', satisfaction_code = 'unsatisfied')
        ) as resolved (measure, is_so)
        where
            status_code in (9, 10)
            and (has_apology or num_nonnulls(has_electronic_result, satisfaction_code) > 0)
            and is_so
        union all
        select
            measure,
            on_day
        from (
            values
            ('became_overdue_with_apology', sorry_on),
            ('overdue_with_apology_cleared', ended_on)
        ) as apologised (measure, on_day)
        where has_apology and became_overdue and coalesce(ended_on, sorry_on) >= sorry_on
        union all
        select
            measure,
            on_day
        from (
            values
            ('intake_became_overdue', intake_due_on + 1),
            ('intake_overdue_cleared', settled_on)
        ) as waiting (measure, on_day)
        where awaited_on is not null and (settled_on is null or settled_on > intake_due_on)
        union all
        select
            measure,
            on_day
        from (
            values
            ('became_overdue_by_' || overdue_reason_code, due_on + 1),
            ('overdue_cleared_by_' || overdue_reason_code, ended_on)
        ) as explained (measure, on_day)
        where became_overdue and overdue_reason_code is not null
    ) as flows (measure, on_day)
    -- noqa: enable=RF02,ST05
),

final as (
    select
        version_id,
        batch_id,
        superseded_by_batch_id,
        known_to,
        unit_id,
        procedure_code,
        field_code,
        on_day,
        measure,
        1::bigint as quantity
    from contributions
    where on_day is not null
)

select
    version_id,
    batch_id,
    superseded_by_batch_id,
    known_to,
    unit_id,
    procedure_code,
    field_code,
    on_day,
    measure,
    quantity
from final
