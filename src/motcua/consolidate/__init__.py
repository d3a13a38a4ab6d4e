"""Consolidate: merges accepted records into append-only versions.

In: validated batches (accepted records in landing). Out: versions of each kind of record, the batch's counts in the
ledger; of dossiers also steps of inter-agency ones and those that a source no longer shows (a dossier seen twice counts
once, one proven to be deleted no longer). Never: an overwritten version, a batch loaded twice, a batch whose records do
not all have a fate, a dossier withdrawn because a page was short.
"""

from motcua.consolidate.merge import ConsolidationOutcome, consolidate_batches

__all__ = ["ConsolidationOutcome", "consolidate_batches"]
