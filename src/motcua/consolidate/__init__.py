"""Consolidate: merges accepted records into append-only versions.

In: validated batches (accepted records in landing). Out: versions of each kind of record, and the counts of the batch
in the ledger. For dossiers also: the steps of inter-agency dossiers, and the dossiers that a source no longer shows. A
dossier that is reported twice counts once, and a dossier that is proven to be deleted no longer counts. Never: an
overwritten version, a batch that is loaded twice, a batch with a record that is not accounted for, a dossier withdrawn
because a page was short.
"""

from motcua.consolidate.merge import ConsolidationOutcome, consolidate_batches

__all__ = ["ConsolidationOutcome", "consolidate_batches"]
