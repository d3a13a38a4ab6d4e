"""A replay: a batch that reads again what an earlier pull landed, and stands where that pull stood in the order.

`replays_pull` is the number of that pull. `said_in_pull` is the number by which states are ordered: of a replay that of
the pull it reads again, of every other batch its own.
"""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.execute(
        """
        alter table batch
            add column replay_of text references batch,
            add column replays_pull bigint,
            add column said_in_pull bigint generated always as (coalesce(replays_pull, pull_no)) stored,
            add constraint batch_replays_a_pull check (replay_of is null or replays_pull is not null)
        """
    )
    op.execute("create index batch_replay on batch (replay_of) where replay_of is not null")
