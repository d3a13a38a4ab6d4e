"""Consolidate: merges accepted records into the append-only dossier versions.

In: validated batches (accepted records in landing). Out: rows of `dossier_version`, the batch's counts in the
ledger. Never: an overwritten version, a batch loaded twice, a batch whose records do not all have a fate.
"""

from motcua.consolidate.merge import ConsolidationOutcome, consolidate_batches

__all__ = ["ConsolidationOutcome", "consolidate_batches"]
