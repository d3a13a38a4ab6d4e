"""Where and what a source is asked, as hashes by the keys of its entry: what counts, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.unit.catalog.test_options import GIVEN, source

from motcua.catalog import OPTIONS
from motcua.catalog.options import Options, PetitionFilesOptions
from motcua.catalog.record_sources import asked_sha256

NOWHERE = Path("/nowhere")
PETITIONS: dict[str, Any] = {
    "path": "petitions/*.xlsx",
    "columns": {"petition_id": "Mã", "received_on": "Ngày", "kind": "Loại"},
    "words": {"kind": {"Hành vi": "behaviour", "Quy định": "regulation"}},
}
ALL = GIVEN | {"petition_files": PETITIONS}
# Another value of each option that an adapter has, and whether it says where or what is asked.
SHAPE: dict[str, tuple[Any, bool]] = {
    "fill_down": (["Thủ tục"], True),
    "fill_empty": (["Thủ tục"], True),
    "rows": ([{"column": "Đơn vị", "only": ["xã"]}], True),
    "ends_at": ("empty_row", True),
    "text": ("vni", True),
}
OTHER: dict[str, dict[str, tuple[Any, bool]]] = {
    "opencps": {
        "group_id": (8, True),
        "agency_scope": ("own", True),
        "system_ids": ([0, 1], True),
        "originality": ([3], True),
        "auth": ("token", False),
        "probes_index": (True, False),
    },
    "igate": {
        "ancestor_agency_id": ("74f1a2b3c4d5e6f708192a3b", True),
        "token_url": ("https://sso.example/token", False),
        "realm": ("other", False),
        "client_id": ("other", False),
        "grant": ("password", False),
        "spec": ("slice", False),
    },
    "tandan": {
        "unit_code": ("H44.101", True),
        "search_path": ("/api/v2/search", True),
        "path": ("/api/v2/hoso", True),
        "auth": ("basic", False),
        "token_path": ("/api/v2/tokens", False),
    },
    "portal_sync": {
        "path": ("/srv/other/*.json", True),
        "agency_code": ("000.00.01.H44", True),
        "inbox": (True, True),
    },
    "files": {
        **SHAPE,
        "path": ("/srv/other/*.xlsx", True),
        "encoding": ("cp1258", True),
        "delimiter": (";", True),
        "header_row": (2, True),
        "first_row": (3, True),
        "sheets": (["Sổ"], True),
        "optional_columns": (["Ghi chú"], False),
        "once": (["bo sung*"], False),
    },
    "sql": {
        "query": ("queries/y.sql", True),
        "open_query": ("queries/open.sql", True),
        "by_id_query": ("queries/id.sql", True),
    },
    "petition_files": {
        **SHAPE,
        "path": ("petitions/other/*", True),
        "columns": (PETITIONS["columns"] | {"unit": "Đơn vị"}, True),
        "words": ({"kind": {"Hành vi": "other"}}, True),
        "formats": (["yyyy"], True),
        "null_values": (["không"], True),
        "due_workdays": (20, True),
        "swapped": (True, True),
        "encoding": ("cp1258", True),
        "delimiter": (";", True),
        "sheets": (["Sổ"], True),
        "once": (["bo sung*"], False),
    },
}


def queries(folder: Path) -> None:
    (folder / "queries").mkdir(exist_ok=True)
    for name in ("x", "y", "open", "id"):
        (folder / "queries" / f"{name}.sql").write_text(f"select '{name}'", encoding="utf-8")


@pytest.mark.parametrize(("adapter", "option"), [(adapter, option) for adapter in OTHER for option in OTHER[adapter]])
def test_an_option_counts_where_it_says_where_or_what_is_asked(tmp_path: Path, adapter: str, option: str) -> None:
    queries(tmp_path)
    value, counts = OTHER[adapter][option]
    before = asked_sha256(tmp_path, source(adapter, ALL[adapter]))
    changes = {option: value} | ({"path": None} if option == "inbox" else {})
    now = asked_sha256(tmp_path, source(adapter, ALL[adapter] | changes))
    differs = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)}
    expected = {f"options.{name}" for name in changes} if counts else set()
    assert differs == expected


def test_the_table_above_has_every_option_of_every_adapter() -> None:
    assert {name: set(kind.model_fields) for name, kind in OPTIONS.items()} == {
        name: set(options) for name, options in OTHER.items()
    }


def test_a_new_option_counts_once_it_is_set() -> None:
    class Newer(Options):
        chooses_no_record: ClassVar[frozenset[str]] = frozenset({"login"})
        department: str = ""
        login: str = ""

    assert Newer(login="x").asked(NOWHERE) == {}
    assert Newer(department="tax").asked(NOWHERE) == {"department": "tax"}


def test_what_chooses_no_record_is_an_option_that_exists() -> None:
    for kind in OPTIONS.values():
        assert kind.chooses_no_record <= kind.model_fields.keys()


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"name": "Tên khác", "timeout_seconds": 5, "overlap_days": 3}, set()),
        ({"options": GIVEN["opencps"] | {"agency_scope": "all"}}, set()),
        ({"connection_id": "onestop_y"}, {"connection_id"}),
    ],
    ids=["what does not say what is asked", "a default that is written", "another connection"],
)
def test_what_else_an_entry_says_counts_only_where_it_says_where(changes: dict[str, Any], differs: set[str]) -> None:
    before, now = asked_sha256(NOWHERE, source("opencps")), asked_sha256(NOWHERE, source("opencps", **changes))
    assert {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)} == differs


def test_of_a_database_the_text_of_its_queries_counts_and_not_the_name_of_the_file(tmp_path: Path) -> None:
    queries(tmp_path)
    before = asked_sha256(tmp_path, source("sql"))
    (tmp_path / "queries" / "y.sql").write_text("select 'x'\n", encoding="utf-8")
    assert asked_sha256(tmp_path, source("sql", {"query": "queries/y.sql"})) == before
    (tmp_path / "queries" / "x.sql").write_text("select 'x' where true", encoding="utf-8")
    changed = asked_sha256(tmp_path, source("sql"))
    assert changed != before
    (tmp_path / "queries" / "x.sql").unlink()
    assert asked_sha256(tmp_path, source("sql"))["options.query"] not in (before["options.query"], changed)


def test_words_and_sets_have_no_order() -> None:
    kinds = PETITIONS["words"]["kind"]
    turned = PETITIONS | {"words": {"kind": dict(reversed(kinds.items()))}, "null_values": ["b", "a", "c"]}
    one, other = source("petition_files", turned), source("petition_files", turned | {"null_values": ["c", "b", "a"]})
    assert asked_sha256(NOWHERE, one) == asked_sha256(NOWHERE, other)
    straight = source("petition_files", PETITIONS | {"null_values": ["a", "b", "c"]})
    assert asked_sha256(NOWHERE, straight) == asked_sha256(NOWHERE, one)
    assert isinstance(one.options, PetitionFilesOptions)
