-- Grain: one petition of a source. Writes petition, the newest state of each. `:petitions` is a JSON array.
insert into petition (
    source_id, petition_id, unit_id, kind, about, received_on, due_on, handled_on, published_on, is_satisfied,
    is_repeated
)
select
    :source_id as source_id,
    given.petition_id,
    given.unit_id,
    given.kind,
    given.about,
    given.received_on,
    given.due_on,
    given.handled_on,
    given.published_on,
    given.is_satisfied,
    given.is_repeated
from
    jsonb_to_recordset(cast(:petitions as jsonb))
        as given (
            petition_id text,
            unit_id text,
            kind text,
            about text,
            received_on date,
            due_on date,
            handled_on date,
            published_on date,
            is_satisfied boolean,
            is_repeated boolean
        )
on conflict (source_id, petition_id) do update
    set
        unit_id = excluded.unit_id,
        kind = excluded.kind,
        about = excluded.about,
        received_on = excluded.received_on,
        due_on = excluded.due_on,
        handled_on = excluded.handled_on,
        published_on = excluded.published_on,
        is_satisfied = excluded.is_satisfied,
        is_repeated = excluded.is_repeated,
        noted_at = now()
