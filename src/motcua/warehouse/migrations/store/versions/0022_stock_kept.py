"""Whether a batch kept known what was open: its pull was given everything, or asked for each such dossier.

Of batches loaded before, those that proved the stock themselves did; of the others it was not kept, so nothing is
claimed of them.
"""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("alter table batch add column keeps_stock boolean not null default false")
    op.execute("update batch set keeps_stock = true where stock_from is not null")
