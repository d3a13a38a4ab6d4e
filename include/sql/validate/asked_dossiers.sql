-- Grain: one record in validation. Writes asked_dossier, a table of this transaction only. Hundreds of thousands of
-- keys reach the server faster by COPY than as bound arrays, and the table can be analysed before it is joined.
create temporary table asked_dossier (
    row_no integer not null,
    source_id text not null,
    system_code text not null,
    agency_code text not null,
    dossier_id text not null,
    dossier_no text
) on commit drop
