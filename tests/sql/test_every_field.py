"""Whatever a source says of a record is a change when it says otherwise: also a field that was added yesterday."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Connection
from tests.sql.cases import Case, HashOf, base_rows

from motcua.canonical import KINDS, Field, RecordKind

OTHERWISE: dict[pa.DataType, Any] = {
    pa.string(): "otherwise",
    pa.int16(): 2,
    pa.int32(): 7,
    pa.int64(): 7,
    pa.bool_(): True,
    pa.date32(): date(2023, 10, 7),
    pa.timestamp("us"): datetime(2023, 10, 7, 8),
}
FIELDS = [(kind, field) for kind in KINDS.values() for field in (*kind.content, *kind.resolved)]


@pytest.fixture(scope="module")
def store(database_server: None) -> Iterator[Connection]:
    from tests.sql.world import connections
    from tests.store_world import empty_databases

    empty_databases()
    with connections() as opened:
        yield opened["store"]


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=[f"{kind.name}: {field.name}" for kind, field in FIELDS])
def test_a_field_that_says_otherwise_changes_the_record(kind: RecordKind, field: Field, store: Connection) -> None:
    from tests.sql.world import faults

    version = base_rows()[kind.version_table]
    said = (*kind.key, *(one.name for one in (*kind.content, *kind.resolved)))
    known = {"batch_id": "second", **{name: version[name] for name in said if name in version}}
    case = Case(
        statement="consolidate/compare_incoming",
        name=field.name,
        given={
            "accepted_record": [known | {field.name: OTHERWISE[field.type]}],
            kind.version_table: [version | {"content_hash": HashOf(known)}],
        },
        temporary=("said_later",),
        parameters={"batch_id": "second", "known_from": datetime(2023, 10, 20, 1), "pull_no": 20, "is_replay": False},
        expect=None,
        after={"compared": [{"outcome": "unchanged" if field.compared == "apart" else "changed"}]},
        writes=None,
        refused=None,
        is_ordered=False,
        month=None,
        kind=kind.name,
    )
    assert faults(store, case) == []


def test_only_what_is_compared_by_itself_stays_out_of_the_content_of_a_record() -> None:
    # compare_dossiers looks at the applicant, whose reference changes with the key; a petition's unit is `unit_id`.
    assert {(kind.name, field.name) for kind, field in FIELDS if field.compared == "apart"} == {
        ("dossier", "applicant_ref"),
        ("petition", "unit_code"),
    }
