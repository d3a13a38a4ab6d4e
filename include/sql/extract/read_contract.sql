-- Grain: one source. Reads source_contract. What the source was last seen to send: its keys, in how many of how many
-- records, with which kinds of value.
select
    row_count,
    keys,
    page_cap
from source_contract
where source_id = :source_id
