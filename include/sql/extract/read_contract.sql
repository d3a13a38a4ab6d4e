-- Grain: one source. Reads source_contract. What the source sent in its last accepted batch: its keys, the number of
-- records with each key out of all records, and the kinds of values.
select
    row_count,
    keys,
    page_cap
from source_contract
where source_id = :source_id
