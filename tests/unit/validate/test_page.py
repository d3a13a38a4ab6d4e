from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from motcua.validate import validate_batches

NOW = datetime(2023, 11, 1, 2)
OTHER_SOURCE = "tra-vinh.c29239"

Record = Callable[..., dict[str, Any]]
Land = Callable[..., str]


def page_of(*batch_ids: str) -> str:
    page = validate_batches(batch_ids, now=NOW).page
    assert page is not None
    return Path(page).read_text(encoding="utf-8")


def test_the_page_states_each_rule_with_its_counts(land: Land, record: Record) -> None:
    page = BeautifulSoup(page_of(land([record("1", fee_amount=-1), record("2")])), "html.parser")
    rules = {row.find("td").text: [cell.text for cell in row.find_all("td")] for row in page.select("tbody tr")}
    assert rules["V11"][2:5] == ["2", "1", "50,00 %"]
    assert rules["V1"][2:5] == ["2", "0", "0,00 %"]
    assert len([rule for rule in rules if rule.startswith("V")]) == 20


def test_the_page_is_vietnamese_first_and_has_english_too(land: Land, record: Record) -> None:
    page = BeautifulSoup(page_of(land([record()])), "html.parser")
    assert page.find("html")["lang"] == "vi"
    assert page.find(id="vi").has_attr("checked")
    assert len(page.select(".vi")) == len(page.select(".en")) > 50


def test_the_page_needs_nothing_from_elsewhere(land: Land, record: Record) -> None:
    text = page_of(land([record()]))
    page = BeautifulSoup(text, "html.parser")
    assert page.find_all(["script", "link", "img", "iframe"]) == []
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text


def test_the_page_names_dossiers_by_their_key_and_nothing_personal(land: Land, record: Record) -> None:
    text = page_of(land([record("77", fee_amount=-1)]))
    assert "opencps-tra-vinh / 84102 / 77" in text
    assert "test:5ec2e7" not in text
    assert record("77")["dossier_no"] not in text


def test_what_a_source_sends_is_escaped(land: Land, record: Record) -> None:
    text = page_of(land([record("<script>alert(1)</script>", dossier_no="000.01.21.H59-231002-0001", fee_amount=-1)]))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_refused_batch_is_on_the_page_with_its_reason(land: Land, record: Record) -> None:
    wrong = land([record("1")], pulled=9)
    held = land([record(str(n), fee_amount=-1) for n in range(20)], source_id=OTHER_SOURCE)
    page = BeautifulSoup(page_of(wrong, held), "html.parser")
    refused = page.select("table")[0].text
    assert "rule T2" in refused
    assert "20 of 20 records break critical rules" in refused
    assert "tạm giữ, chờ quyết định" in refused


def test_a_page_is_written_also_when_no_batch_could_be_read(land: Land, record: Record) -> None:
    assert "rule T2" in page_of(land([record("1")], pulled=9))


def test_the_same_batches_have_the_same_page(land: Land, record: Record) -> None:
    batch_id = land([record()], pulled=9)
    first, again = (validate_batches([batch_id], now=NOW).page for _ in range(2))
    assert first == again
