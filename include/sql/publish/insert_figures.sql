-- Grain: one figure. Writes edition_figure, all figures of an edition at once.
insert into edition_figure (
    edition_id, table_code, row_no, row_code, row_name, level, column_code, quantity
)
select
    cast(:edition_id as text) as edition_id,
    figure.table_code,
    figure.row_no,
    figure.row_code,
    figure.row_name,
    figure.level,
    figure.column_code,
    figure.quantity
from unnest(
    cast(:table_codes as text[]),
    cast(:row_nos as integer[]),
    cast(:row_codes as text[]),
    cast(:row_names as text[]),
    cast(:levels as text[]),
    cast(:column_codes as text[]),
    cast(:quantities as bigint[])
) as figure (table_code, row_no, row_code, row_name, level, column_code, quantity)
