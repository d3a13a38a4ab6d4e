"""Consolidate: merges accepted records into the append-only dossier versions.

In: validated batches (accepted records in landing). Out: rows of `dossier_version` (a dossier seen twice counts once,
one proven to be deleted no longer), steps of inter-agency dossiers, dossiers a source no longer shows, the batch's
counts in the ledger. Never: an overwritten version, a batch loaded twice, a batch whose records do not all have a fate,
a dossier withdrawn because a page was short.
"""

from motcua.consolidate.merge import ConsolidationOutcome, consolidate_batches

__all__ = ["ConsolidationOutcome", "consolidate_batches"]
