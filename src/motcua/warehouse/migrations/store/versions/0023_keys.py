"""How the keys of a source were made, what keys leave in doubt, and numbers whose identity is to be decided again.

Dossiers of two systems were taken for one by number, procedure and day alone. Where the number does not name its
office that joined dossiers of two offices, so it is decided again with the next batch that is loaded.
"""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute(
        """
        create table source_key (
            source_id text not null,
            made_by jsonb not null,
            used_from timestamptz not null default now(),
            primary key (source_id, made_by)
        )
        """
    )
    op.execute("alter table batch add column key_doubts jsonb")
    op.execute("create table identity_due (dossier_no text primary key)")
    op.execute(
        r"""
        insert into identity_due (dossier_no)
        select distinct dossier_no
        from dossier_version
        where
            known_to is null
            and duplicate_of is not null
            and dossier_no is not null
            and split_part(duplicate_of, '/', 1) <> system_code
            and dossier_no !~*
            '^(?:\d{3}(?:\.\d{2,3}){2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{2,3}){0,4})-(?:\d{6}|\d{8})-\d{4,7}$'
        """
    )
