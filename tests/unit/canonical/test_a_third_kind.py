"""A kind of record that nobody knew goes through every stage with its columns, its rules, a table and an adapter."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from sqlalchemy import text

from motcua import ledger
from motcua.canonical import KINDS, Field, RecordKind
from motcua.canonical.kind import DAY, SMALL, TEXT
from motcua.catalog import Source
from motcua.catalog.options import OPTIONS, Options
from motcua.consolidate import consolidate_batches
from motcua.extract import NO_CONNECTION
from motcua.extract.adapters.protocol import ADAPTERS
from motcua.extract.pull import pull_batch
from motcua.settings import PROJECT_ROOT
from motcua.validate import list_quarantine, validate_batches
from motcua.warehouse import store_engine

RATING = RecordKind(
    name="rating",
    vi="đánh giá",
    en="ratings",
    id_column="rating_id",
    content=(Field("unit_code", TEXT, "apart"), Field("points", SMALL), Field("rated_on", DAY)),
    resolved=(Field("unit_id", TEXT),),
    reference=("rated_on",),
)
RULES = {
    "name": "rating",
    "grain": "one rating",
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "points", "min_value": 1, "max_value": 5},
            "severity": "critical",
            "meta": {
                "rule_id": "R1", "fields": ["points"], "reason": "Not 1 to 5.", "reason_vi": "Ngoài 1 đến 5.",
                "legal_source": "none", "evidence": "INF",
            },
        }
    ],
}  # fmt: skip
TABLE = """
create table rating_version (
    version_id bigint generated always as identity primary key, system_code text, agency_code text, rating_id text,
    unit_code text, points smallint, rated_on date, unit_id text references unit, content_hash text, source_id text,
    batch_id text references batch, known_from timestamptz, known_to timestamptz, superseded_by_batch_id text,
    said_at timestamptz, said_in_pull bigint
)
"""


_RUNS = itertools.count(1)


class RatingOptions(Options):
    """Nothing is needed to reach it."""

    record_kind: ClassVar[str] = "rating"
    answers_whole: ClassVar[bool] = True


class RatingAdapter:
    """Gives what the test has given it."""

    kind = RATING
    answers_until = None
    given: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, source: Source, connection: object) -> None:
        self._keys = {"system_code": source.system_code, "agency_code": source.agency_code}

    def tables(self) -> Iterator[pa.Table]:
        yield pa.Table.from_pylist([self._keys | row for row in self.given], schema=RATING.pulled_schema)

    def close(self) -> None: ...


@pytest.fixture
def source(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    """What a new kind adds: to the kinds, the adapters, the rules and the store; and a source of it."""
    (tmp_path / "include").symlink_to(PROJECT_ROOT / "include")
    (tmp_path / "expectations").mkdir()
    for path in (PROJECT_ROOT / "expectations").glob("*.json"):
        (tmp_path / "expectations" / path.name).symlink_to(path)
    (tmp_path / "expectations" / "rating.json").write_text(json.dumps(RULES), encoding="utf-8")
    monkeypatch.setenv("MOTCUA_HOME", str(tmp_path))
    monkeypatch.setitem(KINDS, "rating", RATING)
    monkeypatch.setitem(ADAPTERS, "ratings", f"{__name__}:RatingAdapter")  # type: ignore[misc]
    monkeypatch.setitem(OPTIONS, "ratings", RatingOptions)  # type: ignore[misc]
    monkeypatch.setattr("motcua.extract.adapters.protocol._import_adapter", lambda adapter: RatingAdapter)
    with store_engine().begin() as connection:
        connection.execute(text(TABLE))
    yield Source.model_construct(
        source_id="ratings", name="", system_code="r", agency_code="1", adapter="ratings", options=RatingOptions(),
        connection_id="", level="commune", unit_id="29236:2020", valid_from=date(2023, 1, 1), valid_to=None,
        overlap_days=31,
    )  # fmt: skip
    with store_engine().begin() as connection:
        connection.execute(text("drop table rating_version"))


def take(source: Source, monkeypatch: pytest.MonkeyPatch, *given: dict[str, Any]) -> ledger.Batch:
    from motcua.catalog import load_catalog
    from motcua.settings import Settings

    RatingAdapter.given[:] = [{"unit_code": "29236:2020", "rated_on": date(2023, 10, 2)} | row for row in given]
    monkeypatch.setattr("motcua.ledger.planning.sources_of", lambda catalog, kind: (source,))
    run_id = f"ratings-{next(_RUNS)}"
    catalog = load_catalog(Settings.load().catalog_dir)
    [[batch_id]] = ledger.plan_run(catalog, run_id, date(2023, 10, 31), record_kind="rating")
    ledger.start_attempt(batch_id)
    pull_batch(ledger.read_batches([batch_id])[0], source, NO_CONNECTION)
    validate_batches([batch_id], now=datetime(2023, 11, 1))
    consolidate_batches([batch_id])
    return ledger.read_batches([batch_id])[0]


def test_a_third_kind_is_landed_judged_set_aside_and_kept_in_versions(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = take(source, monkeypatch, {"rating_id": "1", "points": 5}, {"rating_id": "2", "points": 9})
    assert (first.state, first.record_kind, first.window_from) == ("loaded", "rating", date(2023, 1, 1))
    assert (first.pulled_count, first.new_count, first.quarantined_count) == (2, 1, 1)
    [aside] = list_quarantine()
    assert (aside.record_kind, aside.record_id, aside.unit_id, aside.rule_ids) == ("rating", "2", "29236:2020", ("R1",))

    second = take(source, monkeypatch, {"rating_id": "1", "points": 4}, {"rating_id": "2", "points": 3})
    assert (second.new_count, second.changed_count, second.quarantined_count) == (1, 1, 0)
    assert list_quarantine() == []
    with store_engine().connect() as connection:
        rows = connection.execute(
            text("select rating_id, points, known_to is null from rating_version order by version_id")
        )
        assert [tuple(row) for row in rows] == [("1", 5, False), ("1", 4, True), ("2", 3, True)]
