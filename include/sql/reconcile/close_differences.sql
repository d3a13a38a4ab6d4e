-- Grain: one difference. Writes portal_difference. Closes the open differences of a province and period that were not
-- found again.
update portal_difference
set closed_on = greatest(cast(:today as date), first_seen_on)
where
    closed_on is null
    and root_unit_id = :root_unit_id
    and period_type = :period_type
    and from_date = :from_date
    and to_date = :to_date
    and not exists (
        select seen.unit_id
        from
            unnest(cast(:unit_ids as text[]), cast(:procedure_codes as text[]), cast(:metrics as text[]))
                as seen (unit_id, procedure_code, metric)
        where
            seen.unit_id = portal_difference.unit_id
            and seen.procedure_code = portal_difference.procedure_code
            and seen.metric = portal_difference.metric
    )
