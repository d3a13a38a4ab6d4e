-- Grain: one source. Writes source_contract. Stores what the source sent in a batch that was pulled completely.
insert into source_contract as contract (source_id, row_count, keys, page_cap, batch_id)
values (:source_id, :row_count, cast(:keys as jsonb), :page_cap, :batch_id)
on conflict (source_id) do update
    set
        row_count = excluded.row_count,
        keys = excluded.keys,
        page_cap = excluded.page_cap,
        batch_id = excluded.batch_id,
        accepted_at = now()
