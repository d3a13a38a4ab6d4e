"""An edition, once published, cannot be changed or removed, whoever asks."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        create function refuse_change() returns trigger language plpgsql as $$
        begin
            raise exception '% is immutable: publish a new edition that restates it', tg_table_name;
        end $$
        """
    )
    for table in ("edition", "edition_figure"):
        op.execute(
            f"""
            create trigger {table}_immutable before update or delete or truncate on {table}
            for each statement execute function refuse_change()
            """
        )
