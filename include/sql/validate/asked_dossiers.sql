-- Grain: one record being judged. Writes asked_dossier, a table of this transaction only: hundreds of thousands of keys
-- reach the server faster by COPY than as bound arrays, and can be analysed before they are joined.
create temporary table asked_dossier (
    row_no integer not null,
    source_id text not null,
    system_code text not null,
    agency_code text not null,
    dossier_id text not null,
    dossier_no text
) on commit drop
