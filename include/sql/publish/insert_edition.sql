-- Grain: one edition. Writes edition.
insert into edition (
    edition_id, report_code, unit_id, unit_code, unit_name, period_type, period_label, from_date, to_date,
    map_code, edition_no, completeness, restates_edition_id, canonical_bytes, sha256
)
values (
    :edition_id, :report_code, :unit_id, :unit_code, :unit_name, :period_type, :period_label, :from_date, :to_date,
    :map_code, :edition_no, :completeness, :restates_edition_id, :canonical_bytes, :sha256
)
