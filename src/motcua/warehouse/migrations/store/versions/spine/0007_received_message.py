"""Messages of the national portal's sync as posted to us, after the privacy step, in the order of reception."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """
        create table received_message (
            message_id bigint generated always as identity primary key,
            source_id text not null,
            service text not null
                check (service in ('DongBoHoSoMC', 'CapNhatTienDoHoSoMC', 'DongBoTrangThaiHoSo')),
            is_update boolean not null,
            dossier_nos text[] not null,
            items jsonb not null check (jsonb_typeof(items) = 'array'),
            content_sha256 text not null,
            received_at timestamptz not null default now()
        )
        """
    )
    op.execute("create index received_message_order on received_message (source_id, message_id)")
    op.execute("create index received_message_content on received_message (source_id, content_sha256)")
