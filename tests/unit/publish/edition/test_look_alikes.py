"""One commune keeps two registers in two programs: nothing but a person tells whether a same number is one dossier."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from tests.unit.extract.test_register import OCTOBER, make_catalog, unmet

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.errors import CatalogError
from motcua.extract import extract_batches
from motcua.extract.wire.connection import NO_CONNECTION
from motcua.period import period_between
from motcua.publish import Edition, publish_edition
from motcua.settings import Settings
from motcua.validate import validate_batches

HEAD = "Số hồ sơ,Tên thủ tục,Hình thức nộp,Ngày tiếp nhận,Ngày hẹn trả,Ngày trả kết quả,Trạng thái\n"


class Books:
    """The books of one commune, each in a program of its own, numbered from 1 on."""

    def __init__(self, folder: Path, *names: str) -> None:
        self._catalog = folder / "catalog"
        self.names = names
        (self._catalog / "drops" / "m.csv").unlink()
        for name in names:
            (self._catalog / "drops" / name).mkdir()
            self.write(name, "Đã trả kết quả", "10/10/2023")
        self.say()

    def write(self, name: str, status: str, returned: str) -> None:
        rows = [f"{no},Đăng ký khai tử,Trực tiếp,0{no}/10/2023,20/10/2023,{returned},{status}\n" for no in (1, 2, 3)]
        (self._catalog / "drops" / name / "so.csv").write_text(HEAD + "".join(rows), encoding="utf-8")

    def say(self, **numbers: dict[str, str]) -> None:
        """Write the entries, each with what it says of the numbers of the others."""
        given = {
            "adapter": "files",
            "mapping": "plain",
            "level": "commune",
            "unit_id": "plain",
            "valid_from": "2020-01-01",
        }
        entries = [
            {"source_id": f"plain.{name}", "name": name, "system_code": name, "numbers": numbers.get(name, {})}
            | given
            | {"valid_from": "2020-01-01", "options": {"path": f"drops/{name}/*"}}
            for name in self.names
        ]
        document = yaml.safe_dump({"sources": entries}, allow_unicode=True)
        (self._catalog / "sources" / "plain.yaml").write_text(document, encoding="utf-8")
        load_catalog.cache_clear()

    def pull(self, *names: str) -> None:
        catalog = load_catalog(Settings.load().catalog_dir)
        ids = [f"plain.{name}" for name in names or self.names]
        [planned] = ledger.plan_run(catalog, f"run-{uuid4()}", OCTOBER[1], window=OCTOBER, source_ids=ids)
        extract_batches(planned, lambda _: NO_CONNECTION)
        validate_batches(planned)
        assert sorted(consolidate_batches(planned).loaded) == sorted(planned)
        build_measures()


@pytest.fixture
def world(databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_catalog("register", HEAD, tmp_path, monkeypatch)
    mapping = tmp_path / "catalog" / "mappings" / "plain.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("{as: code, key:", "{as: key, key:", 1), "utf-8")
    return tmp_path


def published() -> tuple[Edition, int, list[str]]:
    """Return the edition of October, how many it counts as received, and what keeps it from being final."""
    edition = publish_edition("form-06", "plain", period_between(*OCTOBER))
    [table] = [table for table in edition.content["tables"] if table["code"] == "unit"]
    figures = table["rows"][-1]["figures"]
    return edition, figures["received_online"] + figures["received_direct"], unmet(edition)


def told(edition: Edition) -> Sequence[str]:
    [line] = [line for line in edition.content["checklist"] if line["code"] == "keys_mean_one"]
    return [missing["en"] for missing in line["missing"]]


def test_two_books_that_number_alike_are_not_final_until_a_person_says_what_they_are(world: Path) -> None:
    books = Books(world, "ct", "ht")
    books.pull()
    edition, received, lacking = published()
    assert (received, lacking, edition.completeness) == (6, ["keys_mean_one"], "provisional")
    [line] = told(edition)
    assert line.startswith("plain.ct (ct) and plain.ht (ht): 3 dossiers with the same number")
    assert re.findall("`([^`]+)`", line) == [
        "numbers: {ht: shared}", "numbers: {ht: own}", "motcua ingest --source plain.ct",
    ]  # fmt: skip

    books.say(ct={"ht": "own"})  # nothing of the store changes
    edition, received, lacking = published()
    assert (received, lacking, edition.completeness) == (6, [], "final")

    books.say(ct={"ht": "shared"})  # not final before the next pull decides them again, and then counted once each
    assert published()[1:] == (6, ["keys_mean_one"])
    books.pull("ct")
    edition, received, lacking = published()
    assert (received, lacking, edition.completeness) == (3, [], "final")


@pytest.mark.parametrize("then", [{"ct": {"ht": "own"}}, {}])
def test_dossiers_that_count_once_are_not_final_when_the_catalogue_does_not_say_so_any_more(
    world: Path, then: dict[str, dict[str, str]]
) -> None:
    books = Books(world, "ct", "ht")
    books.say(ct={"ht": "shared"})
    books.pull()
    assert published()[1:] == (3, [])

    books.say(**then)
    edition, received, lacking = published()
    assert (received, lacking, edition.completeness) == (3, ["keys_mean_one"], "provisional")
    [line] = told(edition)
    assert line.startswith("plain.ht (ht) and plain.ct (ct): 3 pairs of dossiers")
    assert re.findall("`([^`]+)`", line) == ["motcua ingest --source plain.ht", "motcua replay --source plain.ht"]

    books.say(ct={"ht": "shared"})  # it was a slip: nothing is in doubt
    assert published()[1:] == (3, [])
    books.say(**then)
    books.pull("ht")
    edition, received, lacking = published()
    assert (received, lacking) == (6, [] if then else ["keys_mean_one"])
    assert not any("count as one" in line for line in told(edition))


@pytest.mark.parametrize("saying", ["ct", "ht"])
def test_of_one_dossier_in_two_books_the_record_of_the_one_that_says_so_counts(world: Path, saying: str) -> None:
    books = Books(world, "ct", "ht")
    [other] = {"ct", "ht"} - {saying}
    books.write(other, "Đang xử lý", "")  # where it was left when the unit moved to the other program
    books.say(**{saying: {other: "shared"}})
    books.pull()
    edition, received, lacking = published()
    [table] = [table for table in edition.content["tables"] if table["code"] == "unit"]
    assert (received, table["rows"][-1]["figures"]["open_overdue"], lacking) == (3, 0, [])


def test_a_chain_of_three_books_is_settled_pair_by_pair(world: Path) -> None:
    books = Books(world, "a", "b", "c")
    books.say(b={"a": "shared"})
    books.pull("a", "c")
    books.pull("b")
    edition, received, _ = published()
    assert (received, len(told(edition))) == (6, 1)  # a and b are one; c may be the same
    books.say(b={"a": "shared", "c": "own"})
    assert published()[1:] == (6, [])
    books.say(b={"a": "shared", "c": "shared"})
    books.pull("c")
    assert published()[1:] == (3, [])


@pytest.mark.parametrize(
    ("numbers", "problem"),
    [
        ({"ct": {"hx": "own"}}, "numbers of source 'plain.ct' name 'hx', no other system's code"),
        ({"ct": {"ct": "own"}}, "numbers of source 'plain.ct' name 'ct', no other system's code"),
        (
            {"ct": {"ht": "own"}, "ht": {"ct": "shared"}},
            "numbers of sources 'plain.ct' and 'plain.ht' contradict each other",
        ),
        ({"ct": {"ht": "both"}}, "numbers.ht"),
    ],
)
def test_what_cannot_be_said_of_numbers_is_refused_by_name(
    world: Path, numbers: dict[str, dict[str, str]], problem: str
) -> None:
    books = Books(world, "ct", "ht")
    books.say(**numbers)
    with pytest.raises(CatalogError, match=re.escape(problem)):
        load_catalog(Settings.load().catalog_dir)
