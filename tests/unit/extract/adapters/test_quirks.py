"""The 19 quirks of real one-stop systems (one_stop_systems.md section d), one named test each.

Most have longer tests elsewhere; here is, for each, the shortest proof that it is dealt with.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import dossier
from tests.unit.extract.adapters.test_portal_sync import current, message, rows, step, whole
from tests.unit.extract.adapters.test_protocols import source
from tests.unit.extract.opencps_site import CANARIES, NUMBER, Site, cut_short, record
from tests.unit.extract.quirk_material import (
    CATALOG,
    GROUP,
    OCTOBER,
    Plan,
    Resolve,
    load,
    mapped,
    opencps,
    published,
    standing,
    tandan,
    total,
)

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.adapters.paging import Pages
from motcua.extract.adapters.protocol import make_adapter
from motcua.extract.records.convert import read_flag
from motcua.extract.records.instants import reader
from motcua.extract.records.mapping import load_mapping
from motcua.percentage import percentage, percentage_text
from motcua.publish import read_edition
from motcua.settings import PROJECT_ROOT
from motcua.units.codes import UnitCodes
from motcua.warehouse import store_engine


def test_quirk_01_every_date_format_is_one_local_instant() -> None:
    spellings = {
        "dd/MM/yyyy HH:mm:ss": "02/10/2023 00:00:00",
        "dd/MM/yyyy": "02/10/2023",
        "yyyyMMddHHmmss": "20231002000000",
        "epoch_ms": 1_696_179_600_000,
        "iso": "2023-10-02T00:00:00.000+0700",
        "iso_fake_z": "2023-10-02T00:00:00.000Z",
        "yyyy-MM-dd HH:mm:ss": "2023-10-02 00:00:00",
    }
    read = {name: reader([name])(value) for name, value in spellings.items()}
    assert read == dict.fromkeys(spellings, datetime(2023, 10, 2))
    assert reader(["iso"])("2023-10-02T00:00:00") == datetime(2023, 10, 2)
    assert opencps(receiveDate="02/10/2023")["received_at"] == datetime(2023, 10, 2)


def test_quirk_02_every_spelling_of_nothing_is_null_and_no_issue() -> None:
    for nothing in ("", "null", "undefined", None, 0, "0", "0000-00-00T00:00:00.000+0700"):
        row = opencps(dueDate=nothing)
        assert (row["due_at"], row["mapping_issues"]) == (None, None), nothing
    absent = record(1)
    del absent["dueDate"]
    [row] = mapped("opencps", absent)
    assert row["due_at"] is None
    assert opencps(applicantIdNo="000000001")["applicant_ref"] is None
    assert opencps()["applicant_ref"] is not None
    assert "trichYeuHoSo" in load_mapping(CATALOG, "tandan").keys.drop_personal  # "Dinhkem" by default
    assert "nationCode" in load_mapping(CATALOG, "igate").keys.drop_personal  # "undefined"


def test_quirk_03_every_spelling_of_true_is_true() -> None:
    for yes in (True, "true", "True", 1, "1"):
        assert read_flag(yes)
        assert opencps(online=yes)["channel_code"] == 2
    for no in (False, "false", "False", 0, "0", "", None):
        assert not read_flag(no)
        assert opencps(online=no)["channel_code"] == 1


@pytest.fixture
def other_catalog(tmp_path: Path) -> Path:
    """A catalogue with codes of both generations, names as sources spell them, and a local procedure."""
    files = {
        "units/units.csv": "unit_id,code,kind,level,parent_id,name,valid_from,valid_to,evidence\n"
        "ward,10001,commune,commune,,Phường Việt Trì,2020-01-01,,test\n"
        "old,10002,commune,commune,,Xã Lâm Thao,2020-01-01,,test\n"
        "office,10003,commune,commune,,Sở Nội vụ,2020-01-01,,test\n",
        "units/agency_codes.csv": "code,unit_id,valid_from,valid_to,evidence\n"
        "000.00.53.H48,old,2020-01-01,2025-06-30,test\nH44.129,ward,2025-07-01,,test\nH44.13,office,2025-07-01,,test\n"
        "G09.20,office,2020-01-01,,test\nUBND xã Lâm Thao - Tỉnh Phú Thọ,old,2020-01-01,,test\n",
        "procedures/procedures.csv": "code,name,field_code,field_name,level,time_limit_days,fee,valid_from,valid_to,"
        "evidence\n1.000001,Tuyển sinh lớp 1,f,F,commune,1,,2020-01-01,,test\n"
        "1.000002,Tuyển sinh cũ,f,F,commune,1,,2020-01-01,2022-12-31,test\n",
        "procedures/aliases.csv": "name,code,evidence\nTS_lop1.000.00.00.H22,1.000001,test\n",
        "sources/s.yaml": "sources: []\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def test_quirk_04_a_procedure_code_is_split_from_its_suffix_and_local_ones_are_mapped_by_hand(
    other_catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = {
        code: (row["procedure_code"], row["procedure_suffix"])
        for code in ("1.001612.000.00.00.H48", "1.005129", "TS_lop1.000.00.00.H22")
        for row in [opencps(serviceCode=code)]
    }
    assert read == {
        "1.001612.000.00.00.H48": ("1.001612", "000.00.00.H48"),
        "1.005129": ("1.005129", None),
        "TS_lop1.000.00.00.H22": ("TS_lop1", "000.00.00.H22"),
    }
    monkeypatch.setenv("MOTCUA_CATALOG", str(other_catalog))
    assert opencps(serviceCode="TS_lop1.000.00.00.H22")["procedure_code"] == "1.000001"
    in_force = {entry.code for entry in load_catalog(other_catalog).procedures if entry.holds_on(date(2023, 10, 2))}
    assert in_force == {"1.000001"}  # 1.000002 is inactive


def test_quirk_05_an_agency_is_known_by_codes_of_both_generations_and_by_name_never_by_prefix(
    other_catalog: Path,
) -> None:
    for code in ("000.00.53.H48", "000.00.00.H22", "H44.100", "H44.13", "H05", "G09.20"):
        row = opencps(govAgencyCode=code)
        assert (row["unit_code"], row["mapping_issues"]) == (code, None)
    codes = UnitCodes(load_catalog(other_catalog))
    meant = {
        code: [meaning.unit_id for meaning in codes.meanings(code)]
        for code in ("000.00.53.H48", "H44.129", "H44.13", "G09.20", "UBND Xã Lâm Thao  - tỉnh phú thọ", "H44.1", "H44")
    }
    assert list(meant.values()) == [["old"], ["ward"], ["office"], ["office"], ["old"], [], []]
    assert codes.meanings("000.00.53.H48")[0].valid_to == date(2025, 6, 30)


def test_quirk_06_every_dossier_number_is_kept_and_a_new_number_is_no_new_dossier() -> None:
    for number in ("000.00.53.H48-220921-0099", "G09.20-20260609-0092637", "18E8E577"):
        row = opencps(dossierNo=number)
        assert (row["dossier_no"], row["mapping_issues"]) == (number, None)
    anew = {
        "maHoSo": "H44.100-231002-51734",
        "maHoSoKhac": "H99.1-231002-0007",
        "lastModifiedOn": "2023-10-03T08:00:00",
    }
    before, after = sorted(mapped("tandan", tandan(), tandan(**anew)), key=lambda row: str(row["modified_at"]))
    assert before["dossier_id"] == after["dossier_id"] == "1001"
    assert (before["disposition"], after["disposition"]) == ("duplicate", "record")
    assert after["dossier_no"] == "H44.100-231002-51734"


def test_quirk_07_each_kind_of_duplicate_is_accounted_for_and_counts_once(tmp_path: Path) -> None:
    found = standing(
        record(1),
        record(1),
        record(2, originality=0),
        record(3, originality=2, originDossierId=1),
        record(4, originality=9),
    )
    assert sorted(found, key=str) == [
        ("duplicate", "child"),
        ("duplicate", "group"),
        ("duplicate", "public_copy"),
        ("duplicate", "repeated"),
        ("record", None),
    ]
    pushed_twice = rows(tmp_path, whole(), whole())
    assert sorted(row["disposition"] for row in pushed_twice) == ["duplicate", "record"]


@pytest.mark.usefixtures("databases")
def test_quirk_08_a_deletion_is_marked_or_proven_and_absence_is_none() -> None:
    assert standing(record(1, originality=-3)) == [("record", "soft_deleted")]
    [row] = mapped("tandan", tandan(deletedOn="2023-10-05T08:00:00"))
    assert (row["disposition_reason"], row["status_code"]) == ("soft_deleted", None)
    [restored] = mapped("tandan", tandan(deletedOn=None))
    assert (restored["disposition_reason"], restored["status_code"]) == (None, 4)
    load(dossier("1"), dossier("2"))
    load(dossier("2"))  # dossier 1 is absent
    assert total(published())["received_total"] == 2


@pytest.mark.usefixtures("databases")
def test_quirk_09_a_re_opened_dossier_is_a_new_version_and_no_longer_resolved() -> None:
    row = opencps(dossierStatus="processing", releaseDate="", finishDate=0, dueDate="20/11/2023 17:00:00")
    opened = {name: row[name] for name in ("status_code", "finished_at", "returned_at", "due_at")}
    assert opened == {"status_code": 4, "finished_at": None, "returned_at": None, "due_at": datetime(2023, 11, 20, 17)}
    load(dossier("1"))
    assert total(published())["resolved_total"] == 1
    load(dossier("1", **opened))
    again = total(published())
    assert (again["received_total"], again["resolved_total"], again["open_total"]) == (1, 0, 1)
    with store_engine().connect() as connection:
        versions = connection.execute(
            text("select status_code, known_to is null from dossier_version order by 1")
        ).all()
    assert [tuple(version) for version in versions] == [(4, True), (10, False)]


def test_quirk_10_an_inter_agency_dossier_counts_once_at_the_receiving_agency() -> None:
    assert standing(record(1), record(2, originality=2, originDossierId=1)) == [
        ("record", None),
        ("duplicate", "child"),
    ]
    assert standing(record(2, originality=2, originDossierId=0)) == [("record", None)]  # its parent is nowhere else
    assert opencps(originality=2, originDossierId=77)["parent_dossier_id"] == "77"


def test_quirk_11_nothing_that_is_falsified_at_the_sync_is_taken_over(tmp_path: Path) -> None:
    statuses = {code: mapped("tandan", tandan(trangThaiHoSoId=code))[0]["status_code"] for code in range(1, 11)}
    assert statuses == {code: code for code in range(1, 11)}  # 5, 6 and 8 stay what they are, not 9
    unfinished = opencps(dossierStatus="done", releaseDate="", finishDate="06/10/2023 10:00:00")
    assert unfinished["finished_at"] is None  # not now, and not another date
    pushed = current(tmp_path, whole(NgayNopHoSo="20250905080000", NgayHenTra=""), step("9", "20250908100000"))
    assert (pushed["due_at"], pushed["finished_at"]) == (None, datetime(2025, 9, 8, 10))
    counted = PROJECT_ROOT / "include" / "sql" / "views" / "store" / "20__dossier_contribution.sql"
    uses = [line.strip() for line in counted.read_text(encoding="utf-8").splitlines() if "submitted_at" in line]
    # A day of submission made the day of reception hides a wait for intake; no other count looks at it.
    assert uses == ["case when channel_code = 2 then submitted_at::date end as sent_on,"]


def test_quirk_12_a_field_whose_meaning_drifts_is_read_in_one_known_meaning_or_not_at_all(tmp_path: Path) -> None:
    keys = load_mapping(CATALOG, "portal_sync").keys
    assert "HinhThuc" in keys.drop_unneeded
    assert "Fax" in keys.drop_personal
    row = current(tmp_path, whole(HinhThuc="1", KenhThucHien="1", Fax="0912345678", LoaiDoiTuong="2"))
    assert (row["channel_code"], row["applicant_kind"], row["unit_code"]) == (1, "business", "UBND phường Việt Trì")
    assert "0912345678" not in repr(row)
    [odd] = mapped("tandan", tandan(loaiDoiTuong=0))
    assert (odd["applicant_kind"], odd["mapping_issues"]) == (None, "applicant_kind: not a value of its list")


def test_quirk_13_texts_that_are_cut_are_not_read_and_progress_in_chunks_is_put_together(tmp_path: Path) -> None:
    for mapping, texts in {
        "portal_sync": {"TrichYeuHoSo", "GhiChu"},
        "tandan": {"trichYeuHoSo", "ghiChu"},
        "opencps": {"briefNote", "dossierNote"},
    }.items():
        assert texts <= set(load_mapping(CATALOG, mapping).keys.drop_personal)
    items = [step("4", f"20250905{hour:02d}0000")["data"][0] for hour in range(9, 21)]
    items.append(step("9", "20250908100000")["data"][0])
    chunks = [message("CapNhatTienDoHoSoMC", {}) | {"data": items[at : at + 10]} for at in (0, 10)]
    row = current(tmp_path, whole(), *chunks)
    assert (row["status_code"], row["finished_at"]) == (9, datetime(2025, 9, 8, 10))
    long = "H44.100-250905-" + "0" * 50
    [too_long] = mapped("tandan", tandan(maHoSo=long))
    assert too_long["dossier_no"] == long  # nothing is cut here


def paged(
    protocol: str, first: int, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[list[int], list[str]]:
    """Pull nine rows in pages of four, numbered from `first`; return the pages asked for and the ids had of them."""
    records = [{"id": f"{number:024x}"} for number in range(9)]
    asked: list[int] = []

    def page(question: dict[str, Any]) -> dict[str, Any]:
        number = int(question["page" if protocol == "igate" else "pageNumber"])
        asked.append(number)
        start = (number - first) * 4
        held = records[start : start + 4]
        if protocol == "tandan":
            return {"data": held, "totalCount": 9, "pageSize": 4}
        counted = {"last": start + 4 >= 9} if options else {"totalElements": 9}
        return {"content": held, "size": 4, **counted}

    mapping = load_mapping(CATALOG, protocol)
    adapter = make_adapter(
        source(protocol, options, page_size=4), SourceConnection("http://127.0.0.1", "", ""), mapping
    )
    monkeypatch.setattr(adapter, "_page", page)
    ids = [row["id"] for answer in adapter.pages(OCTOBER) for row in answer.records]
    adapter.close()
    return asked, ids


def test_quirk_14_every_way_of_paging_gives_every_row_once(
    site: Site, plan: Plan, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.dossiers[GROUP] = [record(number) for number in range(1, 10)]
    [batch_id] = plan()
    assert extract_batches([batch_id], resolve).failed == []
    [batch] = ledger.read_batches([batch_id])
    assert (batch.pulled_count, batch.declared_total) == (9, 9)
    asked = [(int(page["start"]), int(page["end"])) for page in site.lists()]
    assert all(end == start + 4 for start, end in asked)  # end=0 would be ten rows

    def without_total(handler: Any, document: dict[str, Any]) -> bool:
        document.pop("total", None)
        return False

    site.wildcard[GROUP] = without_total
    [batch_id] = plan(run_id="night-2")
    assert extract_batches([batch_id], resolve).failed == [batch_id]

    for protocol, first, options in (("igate", 0, {}), ("igate", 0, {"spec": "slice"}), ("tandan", 1, {})):
        numbers, ids = paged(protocol, first, options, monkeypatch)
        assert numbers == [first, first + 1, first + 2]
        assert ids == [f"{number:024x}" for number in range(9)]


def test_quirk_15_a_share_of_nothing_is_blank_neither_0_nor_100() -> None:
    assert percentage(0, 0) is None
    assert [percentage_text(0, 0, language) for language in ("vi", "en")] == ["", ""]
    assert percentage_text(0, 5, "en") == "0.00 %"


@pytest.mark.usefixtures("databases")
def test_quirk_16_figures_of_one_edition_come_from_one_set_of_dossiers_and_none_from_the_portal(
    tmp_path: Path,
) -> None:
    waiting = {"status_code": 4, "finished_at": None, "returned_at": None}
    load(
        dossier("1"),
        dossier("2", channel_code=2),
        dossier("3", channel_code=3, due_at=datetime(2023, 11, 20, 17), **waiting),
        dossier("4", **waiting),
    )
    row = total(published())
    assert row["received_total"] == row["received_online"] + row["received_direct"] == 4
    assert row["received_total"] == row["resolved_total"] + row["open_total"]
    assert (row["open_in_time"], row["open_overdue"]) == (1, 1)  # open is not late
    [only] = rows(tmp_path, message("DongBoThongKe", {"TongSo": 184513}), whole())
    assert only["dossier_no"] == "H44.100-250905-0007"
    stages = ("extract", "validate", "consolidate", "aggregate")
    read = [path for stage in stages for path in (PROJECT_ROOT / "src" / "motcua" / stage).rglob("*.py")]
    assert not [path for path in read if "published_figures" in path.read_text(encoding="utf-8")]


@pytest.mark.usefixtures("databases")
def test_quirk_17_a_month_that_moves_is_restated_and_the_first_figures_stay() -> None:
    load(dossier("1"))
    first = published()
    load(dossier("1", due_at=datetime(2023, 10, 5, 17)), dossier("2"))
    second = published()
    assert second.restates_edition_id == first.edition_id
    assert (total(first)["resolved_late"], total(second)["resolved_late"]) == (0, 1)
    assert read_edition(first.edition_id).canonical_bytes == first.canonical_bytes
    [cause] = second.content["restates"]["rows"][0]["causes"]
    assert (cause["kind"], cause["new"], cause["changed"]) == ("versions", 1, 1)


def test_quirk_18_no_password_and_nobody_is_kept_or_logged(
    site: Site, plan: Plan, resolve: Resolve, caplog: pytest.LogCaptureFixture
) -> None:
    assert record(1)["hasPassword"] in CANARIES
    assert not [canary for canary in CANARIES if canary in repr(opencps())]
    assert NUMBER not in opencps(govAgencyCode=NUMBER)["unit_code"]
    site.dossiers[GROUP] = [record(1)]
    site.faults = [cut_short] * 3
    [batch_id] = plan()
    with caplog.at_level("DEBUG"):
        assert extract_batches([batch_id], resolve).failed == [batch_id]
    told = caplog.text + repr(ledger.read_batches([batch_id]))
    assert batch_id in told
    assert not [canary for canary in CANARIES if canary in told]


def test_quirk_19_a_province_month_is_listed_in_pages_of_a_thousand() -> None:
    sources = [one for one in load_catalog(CATALOG).sources if one.source_id.startswith("tra-vinh.")]
    assert {one.page_size for one in sources} == {1000}
    listing, dossiers = Pages(sources[0]), 180_000
    assert listing.begin(OCTOBER) == 1000
    pages = range(0, dossiers, 1000)
    for start in pages:
        listing.add([str(number) for number in range(start, start + 1000)], 1000, dossiers)
    listing.end(OCTOBER)
    assert len(pages) == 180
    one_page = mapped("opencps", *(record(number) for number in range(1, 1001)))
    assert len({row["dossier_id"] for row in one_page if row["disposition"] == "record"}) == 1000


def test_there_is_one_numbered_test_for_each_of_the_19_quirks() -> None:
    numbered = [int(found[1]) for name in globals() if (found := re.match(r"test_quirk_(\d\d)_", name))]
    assert numbered == list(range(1, 20))
    reference = (PROJECT_ROOT / "docs" / "background" / "one_stop_systems.md").read_text(encoding="utf-8")
    section = reference.partition("## (d)")[2].partition("## (e)")[0]
    assert [int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)] == numbered
