-- Grain: one posted message. Reads received_message. The messages that a source has posted, in the order of reception.
select
    message_id,
    service,
    is_update,
    items
from received_message
where source_id = :source_id
order by message_id
