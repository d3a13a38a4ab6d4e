"""The forms beyond II.06a: identities on random dossiers, what no source tells, and equal files cell by cell."""

from __future__ import annotations

import io
import json
import random
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from openpyxl import load_workbook
from tests.store_world import COMMUNE, OTHER_COMMUNE, dossier, validated_batch

from motcua.aggregate import build_measures, check_measures
from motcua.canonical import CONTENT
from motcua.catalog import load_catalog
from motcua.catalog.forms import Form, load_form, overdue_reasons
from motcua.consolidate import consolidate_batches
from motcua.errors import ReportRefused
from motcua.percentage import percentage
from motcua.period import Period, parse_period, period_between
from motcua.publish import publish_edition, read_form
from motcua.publish.files.layout import TABLE_NAMES
from motcua.publish.files.page import page_html
from motcua.publish.files.workbook import CODE_HEADING, workbook_bytes
from motcua.publish.form.reading import read_on_map
from motcua.publish.form.scope import Scope
from motcua.settings import PROJECT_ROOT, Settings
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

FORMS = ("form-2026", "digitisation", "online-payment", "overdue-reasons")
OCTOBER = parse_period("CAL_MONTH:2023-10")
LATER = date(2026, 3, 14)  # every form is in force
SHIPPED = PROJECT_ROOT / "include" / "catalog"


@pytest.fixture
def mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalogue with one ward whose source tells every fact; the others are OpenCPS."""
    folder = tmp_path / "catalog"
    shutil.copytree(SHIPPED, folder)
    path = folder / "sources" / "tra-vinh.yaml"
    text = path.read_text(encoding="utf-8")
    old = "options: {group_id: 84102}"
    assert old in text
    told = "adapter: portal_sync, mapping: told, options: {path: 'drops/*.json', agency_code: '84110'}"
    text = text.replace(old, told)
    fields = "".join(f"  {name}: {{}}\n" for name in CONTENT.names)  # publishing asks a mapping for these names only
    (folder / "mappings" / "told.yaml").write_text(f"fields:\n{fields}", encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
    return folder


def random_dossier(rng: random.Random, number: int) -> dict[str, Any]:
    """A dossier in any state that validation lets through, around October 2023; told facts only at the ward."""

    def some(share: float, value: Any) -> Any:
        return value if rng.random() < share else None

    unit = rng.choice([COMMUNE, OTHER_COMMUNE])
    received = datetime(2023, 9, 1, 8) + timedelta(days=rng.randrange(75))
    status = rng.choice([1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10, 10])
    ended = received + timedelta(days=rng.randrange(20))
    due = some(0.8, received + timedelta(days=rng.randrange(15)))
    values: dict[str, Any] = {
        "unit_id": unit,
        "status_code": status,
        "channel_code": rng.choice([1, 2, 2, 3]),
        "submitted_at": received - timedelta(hours=rng.randrange(100)),
        "received_at": None if status in (1, 3) else received,
        "due_at": due,
        "finished_at": ended if status in (7, 8, 9, 10) else None,
        "returned_at": None,
        "refused_at": ended if status == 3 else None,
        "paused_at": received + timedelta(days=rng.randrange(9)) if status in (5, 6) else None,
        "online_level": some(0.8, rng.choice([2, 3, 4])),
        "fee_amount": rng.choice([0, 5000]),
        "apology_at": some(0.3, (due or received) + timedelta(days=rng.randrange(-2, 6))),
        "overdue_reason_code": some(0.4, rng.choice(["volume", "staff", "weather"])),
    }
    values["paid_online_code"] = rng.choice([0, 1, 2]) if values["fee_amount"] else 0
    if unit == COMMUNE:
        papers = rng.randrange(4)
        values |= {
            "components_count": papers,
            "components_digitised_count": rng.randint(0, papers),
            "components_reused_count": rng.randint(0, papers),
            "components_from_store_count": rng.randint(0, papers),
            "has_electronic_result": some(0.8, rng.random() < 0.5),
            "is_synced_to_portal": True,
        }
    return dossier(str(number), **values)


def tables(folder: Path, report: str, period: Period, unit: str = "84") -> tuple[Form, Any]:
    """Return a form's tables, held to its identities as every reading is."""
    catalog = load_catalog(folder)
    form = load_form(folder, report, LATER)
    with store_engine().connect() as connection:
        return form, read_on_map(connection, form, Scope.of(catalog, unit, period)).tables


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_identities_of_every_form_hold_whatever_the_dossiers(seed: int, mixed: Path) -> None:
    rng = random.Random(seed)
    records = [random_dossier(rng, number) for number in range(150)]
    for night in (records, [random_dossier(rng, number) for number in rng.sample(range(150), 40)]):
        consolidate_batches([validated_batch(night)])
        build_measures()
        check_measures()
    total = 0
    for report in FORMS:
        for first in (date(2023, 9, 15), date(2023, 10, 1), date(2023, 10, 15)):
            _, found = tables(mixed, report, period_between(first, first + timedelta(days=29)))
            total += sum(found["total"].rows[0].figures.values())
    assert total > 1000


def test_a_column_equals_a_count_of_the_dossiers_themselves(mixed: Path) -> None:
    rng = random.Random(9)
    records = [random_dossier(rng, number) for number in range(200)]
    consolidate_batches([validated_batch(records)])
    build_measures()
    inside = [
        record for record in records
        if record["received_at"] and OCTOBER.from_date <= record["received_at"].date() <= OCTOBER.to_date
    ]  # fmt: skip
    ward = [record for record in inside if record["unit_id"] == COMMUNE]

    def digital(record: dict[str, Any]) -> bool:
        return any(record[f"components_{kind}_count"] for kind in ("digitised", "reused", "from_store"))

    _, digitisation = tables(mixed, "digitisation", OCTOBER)
    figures = digitisation["total"].rows[0].figures
    assert figures["components_digitised"] == sum(map(digital, ward)) > 0
    assert figures["components_not_digitised"] == len(ward) - sum(map(digital, ward)) > 0
    assert figures["components_unstated"] == len(inside) - len(ward) > 0
    _, payment = tables(mixed, "online-payment", OCTOBER)
    figures = payment["total"].rows[0].figures
    assert figures["paid_national"] == sum(record["paid_online_code"] == 1 for record in ward) > 0
    assert figures["postal"] == sum(record["channel_code"] == 3 for record in inside)
    assert payment["total"].rows[0].percentages["postal_pct"] == str(percentage(figures["postal"], len(inside)))


def test_what_no_source_of_a_unit_tells_is_left_out_and_not_zero(mixed: Path) -> None:
    consolidate_batches([validated_batch([dossier("1", unit_id=OTHER_COMMUNE, has_electronic_result=None)])])
    build_measures()
    found = read_form("digitisation", "84", OCTOBER)
    rows = {row.row_code: row for row in found.rows}
    untold = {"components_digitised", "components_not_digitised", "components_reused", "components_from_store",
              "result_digitised", "result_not_digitised", "components_and_result"}  # fmt: skip
    assert rows["29239"].lacking == untold
    assert rows["29236"].lacking == frozenset()  # its source could have told; there was nothing to tell
    assert found.total.lacking == frozenset()
    told = rows["29239"].as_json()
    assert (told["components_digitised"], told["components_unstated"], told["digitised_pct"]) == (None, 1, "")
    assert (rows["29236"].as_json()["components_digitised"]) == 0


def test_a_total_adds_up_the_units_that_can_tell_and_no_other(mixed: Path) -> None:
    late = {"finished_at": datetime(2023, 10, 12), "apology_at": datetime(2023, 10, 8)}
    paid = {"fee_amount": 5000, "paid_online_code": 1}
    records = [dossier("1", **late, **paid), dossier("2", unit_id=OTHER_COMMUNE, **late, **paid)]
    consolidate_batches([validated_batch(records)])
    build_measures()
    _, found = tables(mixed, "form-2026", OCTOBER)
    rows = {row.row_code: row for row in found["unit"].rows}
    assert (rows["29236"].figures["paid_online"], "paid_online" in rows["29239"].lacking) == (1, True)
    total = found["total"].rows[0]
    assert (total.figures["with_fee"], total.figures["paid_online"], total.figures["paid_direct"]) == (2, 1, 0)
    assert [total.figures[code] for code in ("resolved_late", "late_with_apology", "late_without_apology")] == [2, 1, 0]
    assert "late_with_apology" in rows["29239"].lacking  # OpenCPS tells of no letters


def test_a_percentage_is_rounded_half_up_and_blank_where_there_is_nothing_to_divide(databases: None) -> None:
    records = [dossier(str(n), channel_code=2 if n < 1 else 1, fee_amount=0) for n in range(8)]
    consolidate_batches([validated_batch(records)])
    build_measures()
    figures = read_form("online-payment", "29236", OCTOBER).total
    assert figures.percentages["online_pct"] == "12.50"
    assert figures.percentages["paid_national_pct"] == ""
    nothing = read_form("online-payment", "29236", parse_period("CAL_MONTH:2023-01")).total
    assert set(nothing.percentages.values()) == {""}


def test_a_form_refuses_a_breakdown_it_has_not(databases: None) -> None:
    with pytest.raises(ReportRefused, match="petitions has no breakdown by 'field'"):
        read_form("petitions", "84", OCTOBER, "field")


def test_the_form_of_2026_is_not_in_force_before(databases: None) -> None:
    with pytest.raises(ReportRefused, match="No version of report form-2026 is in force on 2023-10-31"):
        read_form("form-2026", "84", OCTOBER)


@pytest.mark.parametrize("report", [*FORMS, "petitions"])
def test_every_column_says_where_it_comes_from(report: str) -> None:
    form = load_form(SHIPPED, report, LATER)
    assert all(column.evidence for column in (*form.columns, *form.identities))
    assert [column.number for column in form.columns] == list(range(3, 3 + len(form.columns)))
    assert all(column.label.startswith(f"({column.number})") for column in form.columns)


def test_the_form_of_reasons_has_a_column_for_each_reason_of_the_list() -> None:
    form = load_form(SHIPPED, "overdue-reasons", LATER)
    for group in ("ended", "open"):
        named = [code.removeprefix(f"{group}_") for code in form.column_codes if code.startswith(group)]
        assert named == ["total", *overdue_reasons(SHIPPED), "unstated"]


Cells = dict[tuple[str, str, str], str]


def in_json(edition: Any, table: str) -> Cells:
    content = json.loads(edition.canonical_bytes)
    found: Cells = {}
    for part in content["tables"]:
        if part["code"] in (table, "total") or (table == "unit" and part["code"] == "level"):
            for row in part["rows"]:
                for column in content["columns"]:
                    code = column["code"]
                    value = row["percentages"][code] if "percent" in column else row["figures"].get(code, "–")
                    found[part["code"], row["row_code"], code] = str(value)
    return found


def in_workbook(edition: Any, table: str) -> Cells:
    sheet = load_workbook(io.BytesIO(workbook_bytes(edition)))[TABLE_NAMES[table][0]]
    rows = list(sheet.iter_rows(values_only=True))
    numbers = next(i for i, row in enumerate(rows) if row[0] == "(1)")
    code_at = rows[numbers].index(CODE_HEADING)
    found: Cells = {}
    for row in rows[numbers + 1 :]:
        if code := row[code_at]:
            is_level = table == "unit" and code in ("province", "district", "commune")
            kind = "total" if code == "total" else "level" if is_level else table
            for column, value in zip(edition.content["columns"], row[2:], strict=False):
                shown = "" if value is None else f"{value:.2f}" if "percent" in column else str(value)
                found[kind, str(code), column["code"]] = shown
    return found


def in_page(edition: Any, table: str) -> Cells:
    page = BeautifulSoup(page_html(edition), "html.parser")
    body = page.select_one(f"table.form[data-table={table}] tbody")
    assert body is not None
    found: Cells = {}
    for cell in body.select("td[data-column-code]"):
        shown = (cell.select_one("[lang=en]") or cell).get_text().strip().replace(",", "")
        value = str(cell["data-value"])
        if shown == "–" and value != "0":  # a zero of a unit that did not answer is shown as a dash too
            value = value or "–"
        else:
            assert shown in (value, "–")
        found[str(cell["data-table"]), str(cell["data-row-code"]), str(cell["data-column-code"])] = value
    return found


@pytest.mark.parametrize("table", ["unit", "field", "level"])
@pytest.mark.parametrize("report", ["digitisation", "online-payment", "overdue-reasons"])
def test_workbook_page_and_json_are_equal_cell_by_cell(report: str, table: str, mixed: Path) -> None:
    rng = random.Random(5)
    consolidate_batches([validated_batch([random_dossier(rng, number) for number in range(120)])])
    build_measures()
    edition = publish_edition(report, "84", OCTOBER)
    expected = in_json(edition, table)
    assert len(expected) > 20
    if table == "unit":
        assert {"–", ""} & set(expected.values())
    assert in_workbook(edition, table) == expected
    assert in_page(edition, table) == expected


def test_an_edition_published_again_without_a_change_is_the_same(mixed: Path) -> None:
    consolidate_batches([validated_batch([dossier("1")])])
    build_measures()
    first = publish_edition("digitisation", "84", OCTOBER)
    assert publish_edition("digitisation", "84", OCTOBER).sha256 == first.sha256
    consolidate_batches([validated_batch([dossier("1", components_count=1, components_digitised_count=1)])])
    build_measures()
    second = publish_edition("digitisation", "84", OCTOBER)
    changed = {cell["column_code"] for row in second.content["restates"]["rows"] for cell in row["columns"]}
    assert changed == {"components_digitised", "components_unstated"}
    assert Settings.load().catalog_dir == mixed
