-- Grain: one row. Reads measure_day. How many online dossiers of units, sent until a day, waited for intake from the
-- eves of given days on: of these the rest days decide when intake was late (`dossier_contribution`).
select coalesce(sum(quantity), 0) as dossier_count
from measure_day
where
    measure = 'intake_awaited'
    and unit_id = any(cast(:unit_ids as text[]))
    and on_day <= cast(:to_date as date)
    and on_day + 1 = any(cast(:days as date[]))
