"""Counts over the catalogue of procedures: who answers for which, what the catalogue leaves open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from motcua.catalog import Catalog, Procedure, load_catalog
from motcua.catalog.index import Procedures
from motcua.publish.index.procedure_counts import count_dossiers, count_procedures, describe, under_authority
from motcua.settings import Settings

DAY = date(2026, 8, 31)
ONLINE = Procedures(where={"online_level": ("partial", "full")})
PAPER = Procedures(where={"result_kind": ("paper",)}, having_any=("resolved_early",), count="dossiers")


def procedure(number: int, **values: Any) -> Procedure:
    row = {"code": f"1.{number:06}", "name": "x", "field_code": "f", "field_name": "F", "level": "commune",
           "valid_from": date(2020, 1, 1), "evidence": "test"}  # fmt: skip
    return Procedure.model_validate(row | values)


def catalog(*rows: Procedure) -> Catalog:
    return replace(load_catalog(Settings.load().shipped_catalog_dir), procedures=rows)


def codes(found: list[Procedure]) -> list[str]:
    return sorted(row.code[-1] for row in found)


def test_a_level_answers_for_its_own_procedures_and_the_province_for_all() -> None:
    of_levels = catalog(procedure(1), procedure(2, level="district"), procedure(3, level="province"),
                        procedure(4, valid_to=date(2021, 1, 1)), procedure(5, state="INACTIVE"),
                        procedure(6, province="26"), procedure(7, province="84"))  # fmt: skip
    assert codes(under_authority(of_levels, DAY, "84", "province")) == ["1", "2", "3", "7"]
    assert codes(under_authority(of_levels, DAY, "84", "department")) == ["3"]
    assert codes(under_authority(of_levels, DAY, "84", "district")) == ["2"]
    assert codes(under_authority(of_levels, DAY, "84", "commune")) == ["1", "7"]


def test_the_provinces_own_row_stands_in_for_the_nations() -> None:
    own = catalog(procedure(1, online_level="full", province="84"), procedure(1, online_level="none"))
    assert count_procedures(describe(under_authority(own, DAY, "84", "commune"), ONLINE), ONLINE, [])[0] == 1
    assert count_procedures(describe(under_authority(own, DAY, "26", "commune"), ONLINE), ONLINE, [])[0] == 0


def test_a_procedure_of_two_levels_counts_once_at_its_highest() -> None:
    rows = [procedure(1, online_level="none"), procedure(1, level="district", online_level="full"),
            procedure(2, online_level="none")]  # fmt: skip
    assert count_procedures(describe(rows, ONLINE), ONLINE, []) == (1, None)
    everything = Procedures()
    assert count_procedures(describe(rows, everything), everything, []) == (2, None)


def test_what_the_catalogue_does_not_say_is_not_a_no() -> None:
    rows = [procedure(1, online_level="full"), procedure(2), procedure(3)]
    count, why = count_procedures(describe(rows, ONLINE), ONLINE, [])
    assert count is None
    assert why is not None
    assert why.vi == "danh mục TTHC chưa ghi online_level cho 2/3 thủ tục"


@pytest.mark.parametrize(("has_fee", "open_"), [("no", False), ("yes", True), ("", True)])
def test_an_open_column_matters_only_where_the_others_do_not_decide(has_fee: str, open_: bool) -> None:
    wanted = Procedures(where={"has_fee": (True,), "has_online_payment": (True,)})
    found = describe([procedure(1, has_fee="yes", has_online_payment="yes"), procedure(2, has_fee=has_fee)], wanted)
    assert (len(found.fits), len(found.unsaid)) == (1, int(open_))


def test_procedures_with_dossiers_are_those_that_fit_and_have_some() -> None:
    rows = [procedure(n, online_level="full" if n < 4 else "none") for n in range(1, 6)]
    wanted = ONLINE.model_copy(update={"having_any": ("received_online",)})
    having = [{"1.000001": 5, "1.000004": 9}, {"1.000001": 1, "1.000002": 3, "9.999999": 7}]
    assert count_procedures(describe(rows, wanted), wanted, having) == (2, None)


def test_dossiers_of_procedures_that_may_or_may_not_fit_are_left_out_and_told() -> None:
    rows = [procedure(1, result_kind="paper"), procedure(2, result_kind="none"), procedure(3)]
    described = describe(rows, PAPER)
    assert count_dossiers(described, PAPER, [{"1.000001": 5, "1.000002": 9}, {"1.000001": 1}]) == (6, None)
    count, note = count_dossiers(described, PAPER, [{"1.000001": 5, "1.000003": 2, "9.999999": 1}])
    assert count == 5
    assert note is not None
    assert note.en.startswith("without 3 dossiers of procedures")
    assert count_dossiers(described, PAPER, [{"1.000003": 2}])[0] is None
    assert count_dossiers(described, PAPER, [{"1.000002": 2}]) == (0, None)
