"""The ledger: one row a batch (a source, a window of days, a run), its counts and what became of it.

Stages meet here and in landing; none imports another. A batch moves planned → extracted → validated → loaded, or
ends as failed (retryable) or held (somebody must decide). The database refuses a loaded batch that does not
balance: pulled = new + changed + unchanged + stale + duplicate + quarantined + out of window.
"""

from motcua.ledger.answers import (
    Absences,
    Completeness,
    DossierSetAside,
    DriftFinding,
    LastAnswer,
    LookAlikes,
    SetAside,
    absences,
    completeness,
    dossiers_set_aside,
    drift,
    hold_stated_numbers,
    key_doubts,
    last_answers,
    look_alikes,
    owed_days,
    petitions_set_aside,
)
from motcua.ledger.batches import (
    Batch,
    mark_extracted,
    mark_failed,
    mark_validated,
    note_unanswered,
    read_batches,
    read_run,
    start_attempt,
)
from motcua.ledger.coverage import EVERY_DAY, Coverage, Proof, coverage, openings_unknown
from motcua.ledger.planning import (
    batch_id_of,
    due_windows,
    in_chunks,
    is_swept,
    new_run_id,
    plan_run,
)
from motcua.ledger.replays import ToReplay, mark_read_again, plan_replay, read_to_replay

__all__ = [
    "EVERY_DAY",
    "Absences",
    "Batch",
    "Completeness",
    "Coverage",
    "DossierSetAside",
    "DriftFinding",
    "LastAnswer",
    "LookAlikes",
    "Proof",
    "SetAside",
    "ToReplay",
    "absences",
    "batch_id_of",
    "completeness",
    "coverage",
    "dossiers_set_aside",
    "drift",
    "due_windows",
    "hold_stated_numbers",
    "in_chunks",
    "is_swept",
    "key_doubts",
    "last_answers",
    "look_alikes",
    "mark_extracted",
    "mark_failed",
    "mark_read_again",
    "mark_validated",
    "new_run_id",
    "note_unanswered",
    "openings_unknown",
    "owed_days",
    "petitions_set_aside",
    "plan_replay",
    "plan_run",
    "read_batches",
    "read_run",
    "read_to_replay",
    "start_attempt",
]
