"""What a batch's landing tells beside its accepted records: steps of other dossiers, and who was not shown."""

from __future__ import annotations

import json
from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from motcua import ledger
from motcua.canonical import DOSSIER
from motcua.landing import read_manifest, read_records


@dataclass(frozen=True)
class LandingFacts:
    """Steps of inter-agency dossiers, and by dossier id the evidence that a known dossier is gone.

    Evidence: `marked` as deleted by the source, `not_found` when asked for by id, `not_shown` by a complete listing.
    """

    steps: list[dict[str, Any]]
    absent: dict[str, str]
    _records: pa.Table = field(repr=False)

    def shown(self, dossier_ids: Set[str]) -> list[str]:
        """Return which of these dossiers the batch shows, accepted or not, and not marked as deleted."""
        if not dossier_ids:
            return []
        asked = pc.is_in(self._records["dossier_id"], pa.array(sorted(dossier_ids), pa.string()))
        found = set(self._records.filter(asked)["dossier_id"].to_pylist())
        return sorted(found - {key for key, evidence in self.absent.items() if evidence == "marked"})

    @property
    def steps_json(self) -> str:
        return json.dumps(self.steps, default=str)


def read_landing_facts(batch: ledger.Batch) -> LandingFacts:
    """Read what a batch's landing folder tells beside its accepted records. Raises ContractBroken if it was changed."""
    records = read_records(batch.landing_uri, batch.manifest_sha256)
    manifest = read_manifest(batch.landing_uri)
    pulled = manifest.get("pulled", {})
    evidence = "not_found" if manifest.get("absence_is_proof") else "not_shown"
    absent = dict.fromkeys(pulled.get("not_shown", ()), "not_shown")
    absent |= dict.fromkeys(pulled.get("unknown_by_id", ()), evidence)
    reasons = records["disposition_reason"]
    absent |= dict.fromkeys(records.filter(pc.equal(reasons, "soft_deleted"))["dossier_id"].to_pylist(), "marked")
    is_step = pc.and_kleene(pc.equal(reasons, "child"), pc.is_valid(records["parent_dossier_id"]))
    # A child that came twice, on two pages of a moving list, is one step: its newest word counts.
    steps = records.filter(is_step).select([*DOSSIER.lists["step"], "modified_at"]).sort_by("modified_at").to_pylist()
    newest = {(row["system_code"], row["agency_code"], row["dossier_id"]): row for row in steps}
    return LandingFacts(list(newest.values()), absent, records.select(["dossier_id"]))
