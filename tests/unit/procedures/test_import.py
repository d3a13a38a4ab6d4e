"""Lists of procedures merged into the catalogue: what changes, what is refused, what is written."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.unit.procedures.conftest import MakeCatalog

from motcua.catalog import Catalog, load_catalog
from motcua.errors import CatalogError
from motcua.procedures.listing import read_listing
from motcua.procedures.merging import Plan, plan_import

ROW = "1.000001,Đăng ký A,f,Lĩnh vực A,commune,,7,working_days,,,20000,,,,,2020-01-01,,test"
OTHER = "1.000002,Đăng ký B,f,Lĩnh vực A,commune,,3,working_days,,,,,,,,2020-01-01,,test"
HEAD = "Mã TTHC,Tên thủ tục,Lĩnh vực,Cấp thực hiện,Thời hạn giải quyết,Lệ phí,Ngày hiệu lực"
DAY = date(2023, 6, 1)


def plan(catalog: Catalog, *lines: str, head: str = HEAD, **options: Any) -> Plan:
    path = catalog.folder.parent / "list.csv"
    path.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return plan_import(read_listing(path, catalog), catalog, source="list", **options)


def counts(found: Plan) -> dict[str, int]:
    return {kind: count for kind, count in found.counts.items() if count}


def reloaded(catalog: Catalog) -> Catalog:
    load_catalog.cache_clear()
    return load_catalog(catalog.folder)


def limit(catalog: Catalog, code: str, day: date, province: str = "") -> tuple[int | None, str | None] | None:
    found = catalog.procedure(code, day, "commune", province)
    return (found.time_limit, found.time_unit) if found else None


def test_a_changed_procedure_ends_the_old_row_and_opens_another(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(ROW, OTHER)
    found = plan(catalog, "1.000001.000.00.00.H59,Đăng ký A,Lĩnh vực A,Cấp xã,5 ngày làm việc,20.000 đ,01/06/2023")
    assert counts(found) == {"changed": 1}
    assert found.changes[0].fields == (("time_limit", "7", "5"),)
    found.write()
    after = reloaded(catalog)
    assert limit(after, "1.000001", date(2023, 5, 31)) == (7, "working_days")
    assert limit(after, "1.000001", DAY) == (5, "working_days")
    kept = after.procedure("1.000001", DAY)
    assert kept is not None
    assert (kept.fee, kept.field_code, kept.evidence) == (20000, "f", "list")


def test_a_list_imported_twice_changes_nothing_the_second_time(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(ROW, OTHER)
    lines = [
        "1.000001,Đăng ký A,Lĩnh vực A,xã,24 giờ làm việc,Không,01/06/2023",
        "1.000003.H59,Đăng ký C,Lĩnh vực C,xã; tỉnh,Trong ngày,,01/06/2023",
    ]
    first = plan(catalog, *lines)
    assert counts(first) == {"new": 2, "changed": 1}
    first.write()
    bytes_then = (catalog.folder / "procedures" / "procedures.csv").read_bytes()
    again = plan(reloaded(catalog), *lines)
    assert counts(again) == {"unchanged": 3}
    assert again.write() == []
    assert (catalog.folder / "procedures" / "procedures.csv").read_bytes() == bytes_then


def test_a_past_row_keeps_its_values(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(ROW)
    before = catalog.procedures[0]
    plan(catalog, "1.000001,Tên mới,Lĩnh vực A,xã,5 ngày làm việc,0,01/06/2023").write()
    after = reloaded(catalog).procedures[0]
    assert after.model_dump(exclude={"valid_to"}) == before.model_dump(exclude={"valid_to"})
    assert after.valid_to == date(2023, 5, 31)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("7 ngày làm việc", (7, "working_days")),
        ("15 ngày", (15, "calendar_days")),
        ("24 giờ làm việc", (24, "working_hours")),
        ("Ngay trong ngày", (0, "same_day")),
        ("7", (7, "working_days")),
        ("Không quy định", (None, None)),
    ],
)
def test_a_time_is_read_as_it_is_written(make_catalog: MakeCatalog, written: str, meant: tuple[Any, Any]) -> None:
    catalog = make_catalog(OTHER)
    plan(catalog, f"1.000009,N,F,xã,{written},,01/06/2023").write()
    assert limit(reloaded(catalog), "1.000009", DAY) == meant


@pytest.mark.parametrize(
    ("head", "line"),
    [
        (
            "code;name;field_name;level;time_limit;time_unit;valid_from",
            "1.000009;N;F;commune;5;working_days;2023-06-01",
        ),
        ("MÃ  TTHC,Ten,tên thủ tục,lĩnh vực,CẤP,thời hạn,áp dụng từ", "1.000009.H58,?,N,F,Xã,5 ngày làm việc,1/6/2023"),
    ],
)
def test_headings_may_be_vietnamese_or_english(make_catalog: MakeCatalog, head: str, line: str) -> None:
    catalog = make_catalog(OTHER)
    found = plan(catalog, line, head=head)
    assert counts(found) == {"new": 1}
    assert found.ignored == (("Ten",) if "Ten" in head else ())
    found.write()
    assert limit(reloaded(catalog), "1.000009", DAY) == (5, "working_days")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["1.00001,A,F,xã,5,,01/06/2023"], r"list\.csv:2: code: not a national code"),
        (["1.000001,A,F,phường,5,,01/06/2023"], r"list\.csv:2: level: 'phường' is not a known word"),
        (["1.000001,A,F,xã,năm ngày,,01/06/2023"], r"list\.csv:2: time_limit: 'năm ngày' is not a whole number"),
        (["1.000001,A,F,xã,5 tuần,,01/06/2023"], r"list\.csv:2: time_limit: 'tuần' is not a known word"),
        (["1.000001,A,F,xã,5,rẻ,01/06/2023"], r"list\.csv:2: fee: 'rẻ' is not an amount"),
        (["1.000001,A,F,xã,5,,2023/06/01"], r"list\.csv:2: valid_from: '2023/06/01' is not a day"),
        (["1.000001,A,F,xã,5,,"], r"list\.csv:2: 1\.000001 has no first day"),
        (["1.000009,,F,xã,5,,01/06/2023"], r"list\.csv:2: 1\.000009, name: Field required"),
        (["1.000009,A,F,,5,,01/06/2023"], r"list\.csv:2: 1\.000009 has no level"),
        (
            ["1.000001,A,F,xã,5,,01/06/2023", "1.000001.H59,A,F,xã,6,,01/06/2023"],
            r"list\.csv:3: 1\.000001 has other values in line 2",
        ),
        (["1.000001,Đăng ký A,Lĩnh vực A,xã,5,20000,01/01/2020"], r"csv:2: .*res\.csv:2.*limit 7 \(the list: 5\)"),
        (["1.000001,A,F,xã,5,,01/06/2019"], r"list\.csv:2: 1\.000001 would hold from 2019-06-01"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_understood_or_contradicts_is_refused_with_file_and_line(
    make_catalog: MakeCatalog, lines: list[str], message: str
) -> None:
    catalog = make_catalog(ROW)
    before = (catalog.folder / "procedures" / "procedures.csv").read_bytes()
    with pytest.raises(CatalogError, match=message):
        plan(catalog, *lines).write()
    assert (catalog.folder / "procedures" / "procedures.csv").read_bytes() == before


def test_a_list_without_the_code_is_refused_with_its_headings(make_catalog: MakeCatalog) -> None:
    with pytest.raises(CatalogError, match=r"list\.csv:1: no column holds the procedure code.*'Tên'"):
        plan(make_catalog(ROW), "x", head="Tên")


def test_a_procedure_that_is_abolished_ends_the_day_before(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(ROW, OTHER)
    lines = ("1.000001,Bãi bỏ,01/06/2023",)
    head = "Mã TTHC,Trạng thái,Ngày hiệu lực"
    found = plan(catalog, *lines, head=head)
    assert counts(found) == {"closed": 1}
    found.write()
    after = reloaded(catalog)
    assert limit(after, "1.000001", date(2023, 5, 31)) is not None
    assert limit(after, "1.000001", DAY) is None
    head = "Mã TTHC,Cấp,Trạng thái,Ngày hiệu lực"  # no row in force tells the level any more
    assert counts(plan(after, "1.000001,xã,Bãi bỏ,01/06/2023", head=head)) == {"unchanged": 1}


def test_a_complete_list_ends_the_rows_it_lacks_but_no_row_of_another_province(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(ROW, OTHER, OTHER.replace("commune,,", "commune,84,"))
    found = plan(catalog, "1.000001,Đăng ký A,Lĩnh vực A,xã,7,20000,", replace=True, from_day=DAY)
    assert counts(found) == {"closed": 1, "unchanged": 1}
    found.write()
    after = reloaded(catalog)
    assert limit(after, "1.000002", DAY) is None
    assert limit(after, "1.000002", DAY, "84") == (3, "working_days")
    again = plan(after, "1.000001,Đăng ký A,Lĩnh vực A,xã,7,20000,", replace=True, from_day=DAY)
    assert counts(again) == {"unchanged": 1}


def test_a_complete_list_needs_its_first_day(make_catalog: MakeCatalog) -> None:
    with pytest.raises(CatalogError, match="needs the first day"):
        plan(make_catalog(ROW), replace=True)


def test_days_of_announcement_are_filled_in_without_a_new_row(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(ROW)
    head = "Mã TTHC,Quyết định công bố,Ngày công bố,Ngày công khai,Hiệu lực từ"
    lines = "1.000001,1245/QĐ-UBND,10/05/2023,12/05/2023,01/06/2023"
    found = plan(catalog, lines, head=head)
    assert counts(found) == {"completed": 1}
    found.write()
    (row,) = reloaded(catalog).procedures
    assert (row.decision_no, row.announced_on, row.published_on, row.valid_to) == (
        "1245/QĐ-UBND", date(2023, 5, 10), date(2023, 5, 12), None
    )  # fmt: skip
    assert counts(plan(reloaded(catalog), lines, head=head)) == {"unchanged": 1}


def test_a_province_has_rows_of_its_own_in_a_file_of_its_own(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(ROW)
    head = "Mã TTHC,Thời hạn sau cắt giảm,Hiệu lực từ"
    found = plan(catalog, "1.000001,3 ngày làm việc,01/06/2023", head=head, province="84")
    assert counts(found) == {"new": 1}
    assert [path.name for path in found.write()] == ["province-84.csv"]
    after = reloaded(catalog)
    own, national = (after.procedure("1.000001", DAY, "commune", code) for code in ("84", "82"))
    assert own is not None
    assert national is not None
    assert (own.name, own.time_limit, own.due_time) == ("Đăng ký A", 7, (3, "working_days"))
    assert national.due_time == (7, "working_days")
    assert counts(plan(after, "1.000001,3 ngày làm việc,01/06/2023", head=head, province="84")) == {"unchanged": 1}


def test_a_removed_fee_leaves_no_fee(make_catalog: MakeCatalog) -> None:
    catalog = make_catalog(ROW)
    plan(catalog, "1.000001,Miễn phí,01/06/2023", head="Mã TTHC,Lệ phí,Hiệu lực từ").write()
    after = reloaded(catalog).procedure("1.000001", DAY)
    assert after is not None
    assert (after.fee, after.has_fee) == (0, False)


def test_a_catalogue_that_uses_the_shipped_lists_gets_a_copy_of_all_of_them(
    make_catalog: MakeCatalog, tmp_path: Path
) -> None:
    catalog = make_catalog(ROW)
    (catalog.folder / "procedures" / "procedures.csv").unlink()
    borrowed = reloaded(catalog)
    plan(borrowed, "1.000009,N,F,xã,5,,01/06/2023").write()
    after = reloaded(catalog)
    assert len(after.procedures) == len(borrowed.procedures) + 1


def test_the_older_heading_of_the_limit_is_rewritten_with_the_first_change(make_catalog: MakeCatalog) -> None:
    head = "code,name,field_code,field_name,level,time_limit_days,fee,valid_from,valid_to,evidence"
    catalog = make_catalog("1.000001,Đăng ký A,f,F,commune,7,,2020-01-01,,test", head=head)
    plan(catalog, "1.000001,5 ngày làm việc,01/06/2023", head="Mã,Thời hạn,Hiệu lực từ").write()
    after = reloaded(catalog)
    assert [limit(after, "1.000001", day) for day in (date(2023, 5, 1), DAY)] == [
        (7, "working_days"), (5, "working_days")
    ]  # fmt: skip
