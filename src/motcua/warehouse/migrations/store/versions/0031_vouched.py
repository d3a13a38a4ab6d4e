"""What the entry of a source and its mapping vouched for at each pull: `once`, `first_record_on` and `covers`.

None of pulls of before, of which nobody knows, and none of a replay, which proves nothing of its own.
"""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.execute("alter table batch add column vouched jsonb")
