-- Grain: one obligation and reminder day. Writes reminder. Each reminder is sent once.
insert into reminder (obligation_id, working_days, cell)
values (:obligation_id, :working_days, :cell)
on conflict (obligation_id, working_days) do nothing
returning obligation_id
