-- Grain: one posted message. Writes received_message, unless the message was sent before. A first push or a step with
-- the same content is always a repetition. An update may restore an earlier state of a dossier, so an update with the
-- same content is a repetition only when no later message about its dossiers has arrived. Returns the id of a message
-- that was kept.
with given as (
    select
        cast(:source_id as text) as source_id,
        cast(:service as text) as service,
        cast(:is_update as boolean) as is_update,
        cast(:dossier_nos as text[]) as dossier_nos,
        cast(:items as jsonb) as items,
        cast(:content_sha256 as text) as content_sha256
),

sent_again as (
    select same.message_id
    from given
    inner join received_message as same
        on given.source_id = same.source_id and given.content_sha256 = same.content_sha256
    where
        not exists (
            select from received_message as later
            where
                given.is_update
                and later.source_id = given.source_id
                and later.message_id > same.message_id
                and later.dossier_nos && given.dossier_nos
        )
)

insert into received_message (source_id, service, is_update, dossier_nos, items, content_sha256)
select
    given.source_id,
    given.service,
    given.is_update,
    given.dossier_nos,
    given.items,
    given.content_sha256
from given
where not exists (select from sent_again)
returning message_id
