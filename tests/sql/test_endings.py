"""Status by status, and for every set of days a source may state: the rules and the counts read one ending."""

from __future__ import annotations

from datetime import date, datetime
from itertools import product
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pytest
from sqlalchemy import text
from tests.store_world import dossier, empty_databases, validated_batch

from motcua.canonical import LANDING_SCHEMA, Status
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.settings import Settings
from motcua.validate.facts import add_facts
from motcua.validate.run import run_suite
from motcua.validate.suite import load_suite
from motcua.warehouse import store_engine

# Each day is another one, so that a count shows which of them it was taken from.
DAYS = {
    "finished_at": datetime(2023, 10, 6, 9),
    "refused_at": datetime(2023, 10, 7, 9),
    "returned_at": datetime(2023, 10, 10, 9),
}
# By which day each status ends: the first that is stated counts. What stands here is the reading; nothing is copied.
ENDS_BY = {
    Status.NOT_ACCEPTED: ("refused_at", "finished_at", "returned_at"),
    Status.WITHDRAWN: ("finished_at", "refused_at", "returned_at"),
    Status.STOPPED: ("finished_at", "refused_at", "returned_at"),
    Status.FINISHED: ("finished_at", "returned_at"),
    Status.RETURNED: ("finished_at", "returned_at"),
}
STAND_INS = {Status.NOT_ACCEPTED: "V4.refusal", Status.FINISHED: "V4.stand_in", Status.RETURNED: "V4.stand_in"}
ENDINGS = ("resolved_early", "resolved_on_time", "resolved_late", "withdrawn", "stopped", "not_accepted")


class Case(NamedTuple):
    """A status and the days that are stated of it."""

    status: Status
    stated: frozenset[str]

    @property
    def day(self) -> str | None:
        return next((name for name in ENDS_BY.get(self.status, ()) if name in self.stated), None)

    def __str__(self) -> str:
        return f"{self.status.name.lower()} with {' and '.join(sorted(self.stated)) or 'no day'}"


CASES = [
    Case(status, frozenset(name for name, is_stated in zip(DAYS, stated, strict=True) if is_stated))
    for status in Status
    for stated in product((True, False), repeat=len(DAYS))
]


class Told(NamedTuple):
    """What the rules and the counts say of a case: rules of V4 broken, the fact, the measures that end a dossier."""

    broken: set[str]
    fact: date | None
    measures: dict[str, date]


@pytest.fixture(scope="module")
def told(database_server: None) -> dict[str, Told]:
    """Judge and count every case at once; the counts do not wait for the verdict."""
    empty_databases()
    records = [
        dossier(str(number), status_code=int(case.status), channel_code=2, submitted_at=datetime(2023, 10, 2, 7))
        | {name: DAYS[name] if name in case.stated else None for name in DAYS}
        for number, case in enumerate(CASES, start=1)
    ]
    assert consolidate_batches([validated_batch(records)]).failed == []
    with store_engine().connect() as connection:
        counted: dict[str, dict[str, date]] = {}
        for row in connection.execute(
            text(
                "select dossier_id, measure, on_day from dossier_contribution join dossier_version using (version_id)"
                " where measure = any(:endings)"
            ),
            {"endings": list(ENDINGS)},
        ):
            counted.setdefault(row.dossier_id, {})[row.measure] = row.on_day
        judged = add_facts(
            _frame(records), load_catalog(Settings.load().catalog_dir), connection, datetime(2023, 11, 1)
        )
        connection.rollback()
    broken: dict[int, set[str]] = {}
    for finding in run_suite(load_suite(Settings.load().expectations_dir / "dossier.json"), judged):
        for row in finding.rows:
            broken.setdefault(row, set()).add(finding.check.rule_id)
    return {
        str(case): Told(
            {rule for rule in broken.get(row, ()) if rule.split(".")[0] == "V4"},
            None if pd.isna(judged.loc[row, "ended_at"]) else judged.loc[row, "ended_at"].date(),
            counted.get(str(row + 1), {}),
        )
        for row, case in enumerate(CASES)
    }


def _frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [{name: record[name] for name in LANDING_SCHEMA.names} for record in records]
    frame = pa.Table.from_pylist(rows, schema=LANDING_SCHEMA).to_pandas()
    frame["source_id"] = "tra-vinh.c29236"
    frame["window_to"] = pd.Timestamp(2023, 10, 31).as_unit("us")
    return frame


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_dossier_counts_as_ended_on_the_day_the_rules_read_or_is_set_aside(case: Case, told: dict[str, Told]) -> None:
    broken, fact, measures = told[str(case)]
    if case.status not in ENDS_BY:  # open although a day says that it ended: which of them is wrong is not known
        assert (broken, measures) == ({"V4"} if case.stated else set(), {})
    elif case.day is None:
        assert (broken, fact, measures) == ({"V4"}, None, {})
    else:
        is_stand_in = case.day != ENDS_BY[case.status][0]
        assert broken == ({STAND_INS[case.status]} if is_stand_in and case.status in STAND_INS else set())
        assert fact == DAYS[case.day].date()
        assert list(measures.values()) == [fact]
