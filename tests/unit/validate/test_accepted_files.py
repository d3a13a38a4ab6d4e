"""Accepted records between validation and the merge: a file that the ledger does not know is refused, and heals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from motcua import ledger
from motcua.consolidate import consolidate_batches
from motcua.errors import StageFailed
from motcua.landing import ACCEPTED, read_accepted
from motcua.orchestration import night
from motcua.validate import set_aside, validate_batches
from motcua.validate.verdict import Verdict

NOW = datetime(2023, 11, 1, 2)
Record = Callable[..., dict[str, Any]]
Land = Callable[..., str]


def batch(batch_id: str) -> ledger.Batch:
    return ledger.read_batches([batch_id])[0]


@pytest.mark.parametrize(("harm", "says"), [(Path.unlink, "is missing"), (Path.touch, "is not what the ledger")])
def test_accepted_records_changed_after_validation_are_refused_and_written_again_by_it(
    harm: Callable[[Path], None], says: str, land: Land, record: Record
) -> None:
    bad, good = land([record("1")]), land([record("2")], source_id="tra-vinh.c29239")
    assert validate_batches([bad, good], now=NOW).failed == []
    path = Path(batch(bad).landing_uri, ACCEPTED)
    harm(path)
    if path.exists():
        path.write_bytes(Path(batch(good).landing_uri, ACCEPTED).read_bytes())
    with pytest.raises(StageFailed, match=f"1 batches failed in consolidate: tra-vinh.c29236: .*{ACCEPTED} {says}"):
        night.consolidate([bad, good])
    assert (batch(bad).state, batch(good).state) == ("failed", "loaded")
    assert consolidate_batches([bad]).loaded == []  # a repetition of the merge alone heals nothing
    assert validate_batches([bad, good], now=NOW).failed == []
    assert night.consolidate([bad, good]) == {"loaded": 2, "failed": 0}


def test_a_second_run_that_judges_a_batch_too_does_not_write_over_its_accepted_records(
    land: Land, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = land([record("1"), record("2")])
    write_verdict = set_aside.write_verdict

    def comes_second(verdict: Verdict) -> None:
        monkeypatch.setattr(set_aside, "write_verdict", write_verdict)
        validate_batches([batch_id], now=NOW)
        assert verdict.accepted is not None
        verdict.accepted = verdict.accepted.slice(0, 1)  # as with another catalogue
        write_verdict(verdict)

    monkeypatch.setattr(set_aside, "write_verdict", comes_second)
    assert validate_batches([batch_id], now=NOW).failed == []
    assert read_accepted(batch(batch_id).landing_uri, batch(batch_id).accepted_sha256).num_rows == 2
