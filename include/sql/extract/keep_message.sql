-- Grain: one posted message. Writes received_message, unless it is a message sent again. A first push or a step says
-- nothing new the second time, whenever it comes; an update may take a dossier back to what was said before, so it is
-- sent again only while nothing later has come about its dossiers. Gives the id of a message that was kept.
insert into received_message (source_id, service, is_update, dossier_nos, items, content_sha256)
select
    :source_id,
    :service,
    :is_update,
    cast(:dossier_nos as text []),
    cast(:items as jsonb),
    :content_sha256
where
    not exists (
        select 1
        from received_message as same
        where
            same.source_id = :source_id
            and same.content_sha256 = :content_sha256
            and not exists (
                select 1
                from received_message as later
                where
                    :is_update
                    and later.source_id = same.source_id
                    and later.message_id > same.message_id
                    and later.dossier_nos && cast(:dossier_nos as text [])
            )
    )
returning message_id
