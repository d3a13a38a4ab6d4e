"""The merge steps that only dossiers need: applicants, duplicates across sources, deletions, heirs and steps."""

from __future__ import annotations

from sqlalchemy import Connection, text

from motcua import ledger
from motcua.canonical import DOSSIER, NAMES_OFFICE
from motcua.catalog import load_catalog, stated_numbers
from motcua.consolidate.landing_facts import LandingFacts, read_landing_facts
from motcua.consolidate.late import note_said_later
from motcua.consolidate.versions import Known, add_versions, analyze, compare
from motcua.settings import Settings
from motcua.warehouse import statement

# The columns that the statements of a merge join and filter by. The other columns need no statistics.
_JOINED = (*DOSSIER.key, "dossier_no", "known_version_id", "outcome")


def merge_dossiers(connection: Connection, batch: ledger.Batch, known: Known) -> dict[str, int]:
    """Write the changes of a batch. Return the outcomes of its accepted records and of the dossiers it did not show."""
    facts = read_landing_facts(batch)
    connection.execute(statement("consolidate/note_applicants"), {"batch_id": batch.batch_id})
    note_said_later(connection, DOSSIER, known, facts.absent)
    compare(connection, DOSSIER, known)
    connection.execute(statement("consolidate/compare_dossiers"))
    connection.execute(statement("consolidate/note_touched"), known.values)
    connection.execute(statement("consolidate/keep_intake_unit"))
    analyze(connection, _JOINED)
    connection.execute(
        statement("consolidate/note_absent"),
        {
            "dossier_ids": list(facts.absent),
            "evidence": list(facts.absent.values()),
            "now": [facts.replaced.get(dossier_id) for dossier_id in facts.absent],
        },
    )
    connection.execute(statement("consolidate/prove_deletions"), known.values)
    ledger.hold_stated_numbers(connection, stated_numbers(load_catalog(Settings.load().catalog_dir).sources, "shared"))
    connection.execute(statement("consolidate/note_identity_due"), {"names_office": NAMES_OFFICE})
    connection.execute(statement("consolidate/decide_identity"), {"names_office": NAMES_OFFICE})
    connection.execute(text("delete from identity_due"))
    connection.execute(statement("consolidate/reissue_decided"))
    connection.execute(statement("consolidate/take_decisions"))
    connection.execute(statement("consolidate/close_reissued"), known.values)
    add_versions(connection, DOSSIER, known)
    connection.execute(statement("consolidate/insert_reissued"), known.values)
    unconfirmed = _settle_absences(connection, facts, known)
    withdrawn = _settle_set_aside(connection, facts, known)
    if facts.steps:
        connection.execute(statement("consolidate/record_steps"), {**known.values, "steps": facts.steps_json})
    counts = connection.execute(statement("consolidate/count_outcomes")).one()
    return {
        **counts._mapping,
        "unconfirmed_count": unconfirmed,
        "tombstoned_count": counts.tombstoned_count + withdrawn,
    }


def _settle_absences(connection: Connection, facts: LandingFacts, known: Known) -> int:
    """Record the state of the dossiers that the source does not show. Return how many remain unconfirmed."""
    missed = set(connection.scalars(statement("consolidate/absent_dossiers"), {"source_id": known.source_id}))
    if shown := facts.shown(missed):
        connection.execute(statement("consolidate/settle_seen_again"), {**known.values, "shown_ids": shown})
    noted = 0
    if facts.absent:
        connection.execute(statement("consolidate/settle_deleted"), known.values)
        connection.execute(statement("consolidate/settle_quarantined"), known.values)
        noted += connection.execute(statement("consolidate/note_absences"), known.values).rowcount
    if facts.missed_later:
        missed_later = {"dossier_ids": list(facts.missed_later), "batch_ids": list(facts.missed_later.values())}
        noted += connection.execute(
            statement("consolidate/note_missed_later"), {"source_id": known.source_id, **missed_later}
        ).rowcount
    return noted


def _settle_set_aside(connection: Connection, facts: LandingFacts, known: Known) -> int:
    """Settle the records set aside that have another key now, or that an accepted register lacks; return how many."""
    if not facts.settled:
        return 0
    settled = {"dossier_ids": list(facts.settled), "now": list(facts.settled.values())}
    return connection.execute(statement("consolidate/settle_set_aside"), {**known.values, **settled}).rowcount
