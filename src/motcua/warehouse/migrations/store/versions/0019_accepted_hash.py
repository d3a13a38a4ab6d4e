"""The hash of the accepted records beside that of the manifest, so that no stage reads a file another did not write.

What was validated before has no hash. It is judged again from landing, which gives the same rows.
"""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("alter table batch add column accepted_sha256 text")
    op.execute("update batch set state = 'extracted' where state = 'validated'")
    op.execute("update batch set failed_stage = 'validate' where state = 'failed' and failed_stage = 'consolidate'")
