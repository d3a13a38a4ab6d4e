"""The other facts in a batch's landing beside its accepted records: steps of dossiers, and dossiers not shown."""

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
    """Steps of inter-agency dossiers, and for each missing dossier id the evidence that it is deleted.

    Evidence: `marked` as deleted by the source, `not_found` in a request by id, `not_shown` in a complete listing,
    `replaced` by another key of the same record, which `replaced` names; `accepted`, not in a register that somebody
    accepted as it is.

    `settled` are the keys of records set aside that need no decision any more, each with the key that its record has
    now, none where it was withdrawn. `missed_later` are records of a replay, each with the later batch that lacks it.
    """

    steps: list[dict[str, Any]]
    absent: dict[str, str]
    replaced: dict[str, str]
    settled: dict[str, str | None]
    missed_later: dict[str, str]
    _records: pa.Table = field(repr=False)

    def shown(self, dossier_ids: Set[str]) -> list[str]:
        """Return which of these dossiers the batch shows, accepted or not, and does not mark as deleted."""
        if not dossier_ids:
            return []
        is_one_of_them = pc.is_in(self._records["dossier_id"], pa.array(sorted(dossier_ids), pa.string()))
        shown_ids = set(self._records.filter(is_one_of_them)["dossier_id"].to_pylist())
        return sorted(shown_ids - {key for key, evidence in self.absent.items() if evidence == "marked"})

    @property
    def steps_json(self) -> str:
        return json.dumps(self.steps, default=str)


def read_landing_facts(batch: ledger.Batch) -> LandingFacts:
    """Read the other facts in the landing folder of a batch. Raises ContractBroken if the folder was changed."""
    records = read_records(batch.landing_uri, batch.manifest_sha256)
    manifest = read_manifest(batch.landing_uri)
    pulled = manifest.get("pulled", {})
    evidence = "not_found" if manifest.get("absence_is_proof") else "not_shown"
    absent = dict.fromkeys(pulled.get("not_shown", ()), "not_shown")
    absent |= dict.fromkeys(pulled.get("unknown_by_id", ()), evidence)
    absent |= dict.fromkeys(manifest.get("not_in_accepted_register", ()), "accepted")
    reasons = records["disposition_reason"]
    absent |= dict.fromkeys(records.filter(pc.equal(reasons, "soft_deleted"))["dossier_id"].to_pylist(), "marked")
    replaced = manifest.get("replaced_keys", {})
    absent |= dict.fromkeys(replaced, "replaced")
    is_step = pc.and_kleene(pc.equal(reasons, "child"), pc.is_valid(records["parent_dossier_id"]))
    # A child that is on two pages of a changing list is one step, and its newest record counts.
    steps = records.filter(is_step).select([*DOSSIER.lists["step"], "modified_at"]).sort_by("modified_at").to_pylist()
    newest = {(row["system_code"], row["agency_code"], row["dossier_id"]): row for row in steps}
    return LandingFacts(
        list(newest.values()),
        absent,
        replaced,
        manifest.get("settled_set_aside", {}),
        manifest.get("missed_later", {}),
        records.select(["dossier_id"]),
    )
