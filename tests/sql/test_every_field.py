"""Whatever a source says of a dossier is a change when it says otherwise: also a field that was added yesterday."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Connection
from tests.sql.cases import Case, HashOf, base_rows

from motcua.canonical import DOSSIER, Field

OTHERWISE: dict[pa.DataType, Any] = {
    pa.string(): "otherwise",
    pa.int16(): 2,
    pa.int32(): 7,
    pa.int64(): 7,
    pa.bool_(): True,
    pa.timestamp("us"): datetime(2023, 10, 7, 8),
}


@pytest.fixture(scope="module")
def store(database_server: None) -> Iterator[Connection]:
    from tests.sql.world import connections
    from tests.store_world import empty_databases

    empty_databases()
    with connections() as opened:
        yield opened["store"]


# The applicant is compared apart (tests/sql/consolidate/compare_dossiers.yaml).
FIELDS = [field for field in (*DOSSIER.content, *DOSSIER.resolved) if field.compared != "apart"]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_field_that_says_otherwise_changes_the_dossier(field: Field, store: Connection) -> None:
    from tests.sql.world import faults

    known = base_rows()["accepted_record"]
    case = Case(
        statement="consolidate/compare_incoming",
        name=field.name,
        given={
            "accepted_record": [known | {field.name: OTHERWISE[field.type]}],
            "dossier_version": [base_rows()["dossier_version"] | {"content_hash": HashOf(known)}],
        },
        temporary=(),
        parameters={"batch_id": "second", "known_from": datetime(2023, 10, 20, 1)},
        expect=None,
        after={"compared": [{"outcome": "changed"}]},
        writes=None,
        refused=None,
        is_ordered=False,
        month=None,
    )
    assert faults(store, case) == []
