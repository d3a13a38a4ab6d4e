"""Each cell of the closed list, from real batches and editions; rates stay within 0 to 100 whatever closes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime

import pytest
from sqlalchemy import text
from tests.store_world import COMMUNE, DAY, OTHER_COMMUNE, SOURCE, dossier, validated_batch

from motcua import ledger
from motcua.aggregate import build_measures
from motcua.catalog import load_catalog
from motcua.catalog.cells import CELLS, CellCode
from motcua.consolidate import consolidate_batches
from motcua.errors import ReportRefused, SourceUnavailable
from motcua.obligations import (
    Cell,
    Facts,
    Rate,
    cell_of,
    declare_empty,
    plan_obligations,
    rate_of,
    read_cells,
    withdraw_declaration,
)
from motcua.period import reporting_period
from motcua.settings import Settings
from motcua.warehouse import store_engine, warehouse_engine

OCTOBER = reporting_period("MONTH", 2023, 10)
IN_TIME, TOO_LATE = "2023-10-16 20:00+07", "2023-10-17 00:00+07"
AFTER = date(2023, 10, 20)


@pytest.fixture(autouse=True)
def owed(databases: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "84")
    plan_obligations(date(2023, 9, 1))
    with store_engine().begin() as connection:
        connection.execute(text("update obligation set created_at = '2023-09-01 08:00+07'"))


def cell(unit_id: str = COMMUNE, today: date = AFTER) -> Cell:
    (found,) = read_cells(period=OCTOBER, unit_ids=[unit_id], today=today)
    return found


def loaded(at: str, days: tuple[date, date] = (date(2023, 9, 15), DAY), **values: object) -> None:
    batch_id = validated_batch([dossier(received_at=datetime(2023, 10, 2, 8))], **values)  # type: ignore[arg-type]
    assert consolidate_batches([batch_id]).loaded == [batch_id]
    build_measures()
    with store_engine().begin() as connection:
        connection.execute(
            text("update batch set loaded_at = :at, window_from = :first, window_to = :last where batch_id = :id"),
            {"at": at, "id": batch_id, "first": days[0], "last": days[1]},
        )


def failed() -> None:
    catalog = load_catalog(Settings.load().catalog_dir)
    [[batch_id]] = ledger.plan_run(catalog, "failing", DAY, window=(date(2023, 9, 15), DAY), source_ids=[SOURCE])
    ledger.mark_failed(batch_id, "extract", SourceUnavailable("It did not answer.", action="ask again."))


def test_an_answer_before_the_due_day_is_over_is_received() -> None:
    loaded(IN_TIME)
    assert cell().cell == "received"


def test_an_answer_after_the_due_day_is_late() -> None:
    loaded(TOO_LATE)
    assert cell().cell == "late"


def test_half_the_days_in_time_and_the_rest_later_is_late() -> None:
    loaded(IN_TIME, (date(2023, 9, 15), date(2023, 10, 1)))
    assert cell().cell == "missing"
    loaded(TOO_LATE, (date(2023, 10, 2), DAY))
    assert cell().cell == "late"


def test_a_unit_without_an_answer_is_awaited_until_the_due_day_and_then_missing() -> None:
    assert cell(today=date(2023, 10, 16)).cell == "awaited"
    assert cell(today=date(2023, 10, 17)).cell == "missing"


def test_a_failed_source_gives_its_reason() -> None:
    failed()
    found = cell()
    assert found.cell == "failed"
    assert "It did not answer." in found.reason
    assert found.source_ids == (SOURCE,)


def test_too_many_records_set_aside_make_the_answer_suspect() -> None:
    loaded(IN_TIME, quarantined=1)
    assert cell().cell == "quarantined"


def test_a_unit_without_a_source_is_not_expected_until_it_declares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTCUA_PROVINCE", "82:2020")  # Tiền Giang: the catalogue has one source, none of a commune
    plan_obligations(date(2023, 9, 1))
    with store_engine().connect() as connection:
        query = (
            "select unit_id from obligation join unit using (unit_id) where kind = 'commune' and parent_id like '815:%'"
        )
        silent = connection.scalars(text(query)).first()
    assert silent is not None
    assert cell(silent).cell == "not_expected"
    declare_empty(silent, "form-06", OCTOBER, declared_by="UBND xã", reason="không phát sinh")
    with store_engine().begin() as connection:
        connection.execute(text("update empty_declaration set declared_at = :at"), {"at": IN_TIME})
        connection.execute(text("update obligation set created_at = '2023-09-01 08:00+07'"))
    assert cell(silent).cell == "declared_empty"


def test_an_empty_declaration_counts_until_it_is_withdrawn() -> None:
    declare_empty(OTHER_COMMUNE, "form-06", OCTOBER, declared_by="UBND Phường 1", reason="không phát sinh")
    with store_engine().begin() as connection:
        connection.execute(text("update empty_declaration set declared_at = :at"), {"at": IN_TIME})
    assert cell(OTHER_COMMUNE).cell == "declared_empty"
    withdraw_declaration(OTHER_COMMUNE, "form-06", OCTOBER)
    assert cell(OTHER_COMMUNE).cell == "missing"
    with pytest.raises(ReportRefused, match="has not declared"):
        withdraw_declaration(OTHER_COMMUNE, "form-06", OCTOBER)


def test_a_unit_with_dossiers_cannot_declare_the_period_empty() -> None:
    loaded(IN_TIME)
    with pytest.raises(ReportRefused, match="holds 1 dossiers"):
        declare_empty(COMMUNE, "form-06", OCTOBER, declared_by="UBND Phường 4", reason="không phát sinh")


def test_dossiers_that_come_after_an_empty_declaration_overrule_it() -> None:
    declare_empty(COMMUNE, "form-06", OCTOBER, declared_by="UBND Phường 4", reason="không phát sinh")
    loaded(IN_TIME)
    found = cell()
    assert found.cell == "received"
    assert "declared empty, but 1 dossiers" in found.reason


def published(state: str, number: int, at: str) -> None:
    content = f"{state} {number}".encode()
    with warehouse_engine().begin() as connection:
        connection.execute(
            text(
                "insert into edition (edition_id, report_code, unit_id, unit_code, unit_name, period_type,"
                " period_label, from_date, to_date, edition_no, completeness, canonical_bytes, sha256,"
                " published_at) values (:id, 'form-06', '84:2020', '84', 'Tỉnh Trà Vinh', 'RPT_MONTH', '2023-10',"
                " :first, :last, :number, :state, :content, encode(sha256(:content), 'hex'), :at)"
            ),
            {
                "id": f"e{number}",
                "first": OCTOBER.from_date,
                "last": OCTOBER.to_date,
                "number": number,
                "state": state,
                "content": content,
                "at": at,
            },
        )


def test_a_province_has_reported_when_its_final_edition_is_published() -> None:
    assert cell("84:2020").cell == "awaited"
    after = date(2023, 10, 26)
    assert cell("84:2020", today=after).cell == "missing"
    published("provisional", 1, "2023-10-20 08:00+07")
    assert (cell("84:2020", today=after).cell, cell("84:2020", today=after).reason) == (
        "missing",
        "only provisional editions",
    )
    published("final", 2, "2023-10-25 23:00+07")
    assert cell("84:2020", today=after).cell == "received"


def test_a_final_edition_after_the_due_day_is_late() -> None:
    published("final", 1, "2023-10-26 00:00+07")
    assert cell("84:2020", today=date(2023, 10, 27)).cell == "late"


def test_history_that_is_filled_in_later_is_not_late() -> None:
    with store_engine().begin() as connection:
        connection.execute(text("update obligation set created_at = '2023-12-01 08:00+07'"))
    loaded("2023-12-02 01:00+07")
    assert cell().cell == "received"


def test_an_edition_for_an_obligation_created_after_its_due_day_is_not_late() -> None:
    with store_engine().begin() as connection:
        connection.execute(text("update obligation set created_at = '2023-12-01 08:00+07'"))
    published("final", 1, "2023-12-02 08:00+07")
    assert cell("84:2020", today=date(2023, 12, 3)).cell == "received"


def test_a_declaration_for_an_obligation_created_after_its_due_day_is_in_time() -> None:
    declare_empty(COMMUNE, "form-06", OCTOBER, declared_by="UBND Phường 4", reason="không phát sinh")
    with store_engine().begin() as connection:
        connection.execute(text("update obligation set created_at = '2023-12-01 08:00+07'"))
        connection.execute(text("update empty_declaration set declared_at = '2023-12-02 08:00+07'"))
    assert cell().cell == "declared_empty"


@pytest.mark.parametrize(("created", "expected"), [("2023-10-16 23:59:59+07", "late"), (TOO_LATE, "received")])
def test_only_an_obligation_created_after_its_due_day_is_not_judged_by_it(created: str, expected: str) -> None:
    loaded("2023-12-02 01:00+07")
    with store_engine().begin() as connection:
        connection.execute(text("update obligation set created_at = :at"), {"at": created})
    assert cell().cell == expected


@pytest.mark.parametrize(("declared", "expected"), [("2023-10-16 23:59:59+07", "declared_empty"), (TOO_LATE, "late")])
def test_a_declaration_counts_as_in_time_until_the_due_day_is_over(declared: str, expected: str) -> None:
    declare_empty(COMMUNE, "form-06", OCTOBER, declared_by="UBND Phường 4", reason="không phát sinh")
    with store_engine().begin() as connection:
        connection.execute(text("update empty_declaration set declared_at = :at"), {"at": declared})
    found = cell()
    assert (found.cell, found.reason) == (expected, "declared by UBND Phường 4: không phát sinh")


def random_facts(rng: random.Random) -> Facts:
    told: tuple[CellCode, ...] = ("received", "missing", "failed", "quarantined")
    answers = tuple(rng.choice(told) for _ in range(rng.randint(0, 3)))
    is_over = rng.random() < 0.8
    return Facts(
        is_owed=rng.random() < 0.8,
        answers=answers or ("missing",),
        is_in_time=rng.random() < 0.5,
        is_over=is_over,
        is_due=is_over and rng.random() < 0.7,
        declared_in_time=rng.choice((None, None, True, False)),
        has_dossiers=rng.random() < 0.3,
        is_suspect=rng.random() < 0.2,
    )


def hierarchies(count: int) -> Iterator[list[Rate]]:
    """Yield, for a random tree with random closures, the rate of every node over itself and all below it."""
    rng = random.Random(766)
    for _ in range(count):
        size = rng.randint(1, 25)
        parent = [rng.randrange(number) if number else -1 for number in range(size)]
        cells = [cell_of(random_facts(rng)) for _ in range(size)]
        assert set(cells) <= set(CELLS)
        own = [rate_of([one]) for one in cells]
        below = list(own)
        for number in range(size - 1, 0, -1):
            below[parent[number]] += below[number]
        assert below[0] == rate_of(cells)
        yield below


def test_10_000_random_hierarchies_and_closures_keep_rates_within_0_and_100() -> None:
    seen = 0
    for rates in hierarchies(10_000):
        for rate in rates:
            assert 0 <= rate.on_time <= rate.reported <= rate.expected
            for pct in (rate.reported_pct, rate.on_time_pct):
                assert pct is None or 0 <= pct <= 100
                seen += pct is not None
    assert seen > 10_000


def test_a_rate_counts_obligations_due_met_and_met_in_time() -> None:
    rate = rate_of([cell for cell in CELLS if cell not in ("opening_not_known", "no_source")])  # of editions only
    assert (rate.expected, rate.reported, rate.on_time) == (6, 3, 2)
    assert (str(rate.reported_pct), str(rate.on_time_pct)) == ("50.00", "33.33")
    assert rate_of(["not_expected", "awaited"]).reported_pct is None
