"""What an adapter must be told stands under `options`, closed and typed, and a wrong key is named with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.catalog.test_load import SHIPPED

from motcua.catalog import OPTIONS, IgateOptions, OpencpsOptions, Source
from motcua.catalog.load import load_catalog
from motcua.errors import CatalogError

ENTRY = {
    "source_id": "x.one",
    "name": "Một đơn vị",
    "system_code": "system-x",
    "connection_id": "onestop_x",
    "level": "commune",
    "unit_id": "29236:2020",
    "valid_from": "2020-01-01",
}
GIVEN: dict[str, dict[str, Any]] = {
    "opencps": {"group_id": 7},
    "igate": {"ancestor_agency_id": "64f1a2b3c4d5e6f708192a3b"},
    "tandan": {"unit_code": "H44.100"},
    "portal_sync": {"path": "/srv/sync/*.json", "agency_code": "000.00.00.H44"},
    "files": {"path": "/srv/drop/*.xlsx"},
    "sql": {"query": "queries/x.sql"},
}


def source(adapter: str, options: dict[str, Any] | None = None, **changes: Any) -> Source:
    return Source.model_validate({**ENTRY, "adapter": adapter, "options": options or GIVEN[adapter], **changes})


@pytest.mark.parametrize(
    ("adapter", "agency"),
    [
        ("opencps", "7"),
        ("igate", "64f1a2b3c4d5e6f708192a3b"),
        ("tandan", "H44.100"),
        ("portal_sync", "000.00.00.H44"),
        ("files", "x.one"),
        ("sql", "x.one"),
    ],
)
def test_the_agency_is_what_the_options_name_else_the_source(adapter: str, agency: str) -> None:
    assert source(adapter).agency_code == agency
    assert source(adapter, agency_code="A").agency_code == "A"
    assert (source(adapter).mapping, source(adapter, mapping="own-words").mapping) == (adapter, "own-words")


def test_every_adapter_has_its_own_closed_options() -> None:
    assert OPTIONS.keys() - {"petition_files"} == GIVEN.keys()  # it has no entry in sources/, but one in petitions/
    for adapter, options in GIVEN.items():
        assert isinstance(source(adapter).options, OPTIONS[adapter])  # type: ignore[index]
        with pytest.raises(ValueError, match="Extra inputs"):
            source(adapter, {**options, "pasword": "x"})


def test_options_are_read_as_those_of_one_adapter() -> None:
    assert source("opencps").options_as(OpencpsOptions).group_id == 7
    with pytest.raises(TypeError, match=r"x\.one has the adapter opencps"):
        source("opencps").options_as(IgateOptions)


def test_only_what_lies_within_reach_needs_no_connection() -> None:
    assert source("files", connection_id="").connection_id == ""
    with pytest.raises(ValueError, match="connection_id is needed"):
        source("igate", connection_id="")


def written(tmp_path: Path, defaults: dict[str, Any], entry: dict[str, Any]) -> Path:
    import shutil

    folder = Path(shutil.copytree(SHIPPED, tmp_path / "catalog"))
    path = folder / "sources" / "x.yaml"
    path.write_text(yaml.safe_dump({"defaults": defaults, "sources": [entry]}, sort_keys=False, allow_unicode=True))
    return path


def line_of(path: Path, part: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("defaults", "options", "where", "says"),
    [
        ({"adapter": "igate"}, {"ancestor_agency_id": "xyz"}, "ancestor_agency_id", "should match pattern"),
        ({"adapter": "opencps"}, {"group_id": 7, "groupid": 8}, "groupid", "options.groupid is not a known key"),
        ({"adapter": "opencps", "options": {"systemids": [1]}}, {"group_id": 7}, "systemids", "is not a known key"),
        ({"adapter": "opencps"}, {"auth": "basic"}, "options:", "options.group_id: Field required"),
        ({"adapter": "igait"}, {"group_id": 7}, "adapter", "adapter: Input should be"),
    ],
)
def test_wrong_options_are_refused_with_file_and_line(
    tmp_path: Path, defaults: dict[str, Any], options: dict[str, Any], where: str, says: str
) -> None:
    path = written(tmp_path, defaults, {**ENTRY, "options": options})
    with pytest.raises(CatalogError) as refused:
        load_catalog(path.parents[1])
    assert f"{path}:{line_of(path, where)}:" in str(refused.value)
    assert says in str(refused.value)


def test_options_of_an_entry_complete_those_of_the_defaults(tmp_path: Path) -> None:
    defaults = {"adapter": "opencps", "options": {"auth": "token", "group_id": 1}}
    path = written(tmp_path, defaults, {**ENTRY, "options": {"group_id": 7}})
    found = load_catalog(path.parents[1]).source_by_id["x.one"].options_as(OpencpsOptions)
    assert (found.auth, found.group_id) == ("token", 7)
