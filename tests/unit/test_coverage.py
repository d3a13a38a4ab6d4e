"""What a source is known for: what a pull proves by itself, and the days as `sources coverage --json` prints them."""

from __future__ import annotations

import json
from datetime import date

import pytest
from tests.store_world import dossier, validated_batch

from motcua import ledger
from motcua.cli.sources import coverage
from motcua.consolidate import consolidate_batches


def test_a_pull_that_states_nothing_proves_nothing_beside_the_answer_for_its_window() -> None:
    assert ledger.Proof() == ledger.Proof(None, None, False, None, None)


@pytest.mark.usefixtures("databases")
def test_days_are_printed_as_text_and_what_is_not_known_as_null(capsys: pytest.CaptureFixture[str]) -> None:
    consolidate_batches([validated_batch([dossier()])])
    [run] = ledger.coverage()
    assert run.covered_until == date(2023, 10, 31)
    coverage(as_json=True)
    [printed] = json.loads(capsys.readouterr().out)
    assert (printed["covered_until"], printed["stock_from"]) == ("2023-10-31", "2023-10-01")
    assert printed["opening_asked_from"] is None
