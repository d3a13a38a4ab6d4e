#!/bin/bash
# Run once by the postgres image, on an empty data folder: three databases, each owned by a role of its own name and
# closed to the others. The store knows dossiers, the warehouse only counts; no role may read both.
set -euo pipefail

if env | grep --quiet 'change-me'; then
    echo "A secret in .env still holds the value of .env.example. Set every one of them, then start again." >&2
    exit 1
fi

create_database() {
    psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres \
        --set name="$1" --set password="$2" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke connect on database :"name" from public;
SQL
}

create_database airflow "$AIRFLOW_DB_PASSWORD"
create_database motcua_store "$MOTCUA_STORE_PASSWORD"
create_database motcua_warehouse "$MOTCUA_WAREHOUSE_PASSWORD"
