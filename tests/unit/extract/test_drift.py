"""Drift of a source is detected on the first page, reported by name, and handled as the entry of the source says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.extract.opencps_site import NAME, Site, record

from motcua import ledger
from motcua.extract import SourceConnection, extract_batches
from motcua.extract.drift import Contract, compare, contract_of, merge, read_contract, unknown_codes
from motcua.extract.records.mapping import load_mapping
from motcua.settings import PROJECT_ROOT, Settings

Plan = Callable[..., list[str]]
Resolve = Callable[[str], SourceConnection]

MAPPING = load_mapping(PROJECT_ROOT / "include" / "catalog", "opencps")
SOURCE = "tra-vinh.c29236"
Night = Callable[..., ledger.Batch]


@pytest.fixture
def night(site: Site, plan: Plan, resolve: Resolve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """Pull the site once more: `change` is done to each of its twelve records; `policy` is the source's."""
    runs = iter(range(100))

    def pull(change: Callable[[dict[str, Any]], None] = lambda each: None, policy: str = "evolve") -> ledger.Batch:
        number = next(runs)
        [batch_id] = plan(run_id=f"night-{number}")
        catalog_dir = Settings.load().catalog_dir
        folder = tmp_path / f"catalog-{number}"
        folder.mkdir()
        for path in catalog_dir.iterdir():
            if path.name != "sources":
                (folder / path.name).symlink_to(path)
        (folder / "sources").mkdir()
        document = yaml.safe_load((catalog_dir / "sources" / "tra-vinh.yaml").read_text())
        document["defaults"] |= {"on_drift": policy, "page_size": 20}
        (folder / "sources" / "tra-vinh.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
        monkeypatch.setenv("MOTCUA_CATALOG", str(folder))
        site.dossiers["84102"] = [record(each) for each in range(1, 13)]
        for each in site.dossiers["84102"]:
            change(each)
        extract_batches([batch_id], resolve)
        monkeypatch.setenv("MOTCUA_CATALOG", str(catalog_dir))
        return ledger.read_batches([batch_id])[0]

    return pull


def recorded() -> set[tuple[str, str, str]]:
    return {(each.kind, each.name, each.handling) for each in ledger.drift(SOURCE)}


def test_a_source_that_sends_the_same_as_before_has_no_drift(night: Night) -> None:
    assert [night(policy="freeze").state for _ in range(2)] == ["extracted"] * 2
    assert recorded() == set()
    assert read_contract(SOURCE).row_count == 24


def test_a_new_field_is_accepted_once_and_recorded_where_the_source_may_evolve(night: Night) -> None:
    night()
    for _ in range(2):
        assert night(lambda each: each.update(mood="vui")).state == "extracted"
    assert recorded() == {("new_field", "mood", "evolved")}
    assert len(ledger.drift()) == 1


def test_a_new_field_stops_a_frozen_source_and_keeps_stopping_it(night: Night) -> None:
    night()
    for _ in range(2):
        batch = night(lambda each: each.update(mood="vui"), policy="freeze")
        assert (batch.state, batch.error_kind) == ("failed", "ContractBroken")
        assert "new field mood" in (batch.error_message or "")
        assert "on_drift: evolve" in (batch.error_message or "")
    assert recorded() == {("new_field", "mood", "frozen")}


@pytest.mark.parametrize("policy", ["evolve", "freeze"])
def test_a_mapped_field_that_vanished_always_stops_the_pull(night: Night, policy: str) -> None:
    night()
    batch = night(lambda each: each.pop("dueDate"), policy=policy)
    assert batch.error_kind == "ContractBroken"
    assert "vanished field dueDate (in every record before; due_at is read from it)" in (batch.error_message or "")
    assert recorded() == {("vanished_field", "dueDate", "broken")}
    assert night(policy="freeze").state == "extracted"


def test_a_renamed_field_is_reported_as_one_vanished_and_one_new_field(night: Night) -> None:
    night()
    night(_rename)
    assert recorded() == {("vanished_field", "lockState", "broken"), ("new_field", "lockedState", "broken")}


def _rename(each: dict[str, Any]) -> None:
    each["lockedState"] = each.pop("lockState")


def test_an_unmapped_field_that_vanished_is_handled_by_the_policy(night: Night) -> None:
    night()
    assert night(lambda each: each.pop("serviceName"), policy="freeze").state == "failed"
    assert night(lambda each: each.pop("serviceName")).state == "extracted"
    assert recorded() == {("vanished_field", "serviceName", "frozen"), ("vanished_field", "serviceName", "evolved")}


def test_a_required_field_that_is_missing_stops_the_first_pull(night: Night) -> None:
    batch = night(lambda each: each.pop("serviceCode"))
    assert batch.error_kind == "ContractBroken"
    assert "serviceCode (in no record; procedure_code is read from it)" in (batch.error_message or "")


def test_a_field_of_another_type_is_reported_with_both_types(night: Night) -> None:
    night()
    batch = night(lambda each: each.update(online=False), policy="freeze")
    assert "retyped field online (boolean, before text)" in (batch.error_message or "")
    night(lambda each: each.update(online=False))
    assert night(lambda each: each.update(online=False), policy="freeze").state == "extracted"


def test_an_unknown_code_is_reported_with_its_count_and_without_personal_data(night: Night) -> None:
    night()
    batch = night(lambda each: each.update(dossierStatus="archived"), policy="freeze")
    assert "unknown code dossierStatus: 'archived' (12 records)" in (batch.error_message or "")
    batch = night(lambda each: each.update(dossierStatus=NAME), policy="freeze")
    assert NAME not in (batch.error_message or "")
    assert night(lambda each: each.update(dossierStatus="archived")).state == "extracted"


def test_a_page_of_few_records_proves_no_absence() -> None:
    known = contract_of([record(number) for number in range(12)], MAPPING)
    few = [{key: value for key, value in record(number).items() if key != "dueDate"} for number in range(9)]
    assert compare(known, contract_of(few, MAPPING), MAPPING) == []


def test_a_field_that_is_absent_where_it_is_null_may_be_absent_from_a_page() -> None:
    known = contract_of([record(n) | ({"endorsementDate": "x"} if n else {}) for n in range(12)], MAPPING)
    assert compare(known, contract_of([record(n) for n in range(12)], MAPPING), MAPPING) == []


def test_a_null_is_not_a_type() -> None:
    known = contract_of([record(n, feeAmount=5) for n in range(12)], MAPPING)
    assert compare(known, contract_of([record(n, feeAmount=None) for n in range(12)], MAPPING), MAPPING) == []
    assert compare(known, contract_of([record(n, feeAmount="") for n in range(12)], MAPPING), MAPPING) == []


def test_a_contract_holds_names_and_kinds_but_no_value() -> None:
    contract = contract_of([record(n) for n in range(12)], MAPPING)
    assert NAME not in repr(contract)
    assert contract.kinds["dossierId"] == {"number"}


def test_the_contract_grows_with_each_page_and_forgets_fields_accepted_as_gone() -> None:
    first = contract_of([{"a": 1, "b": "x"}] * 10, MAPPING)
    merged = merge(first, contract_of([{"a": "1"}] * 10, MAPPING))
    assert merged == Contract(20, {"a": 20}, {"a": frozenset({"number", "text"})})


def test_nested_records_are_compared_by_path() -> None:
    mapping = load_mapping(PROJECT_ROOT / "include" / "catalog", "igate")
    contract = contract_of([{"procedure": {"code": "1.1", "name": [{"languageId": 228, "name": "x"}]}}], mapping)
    assert {"procedure", "procedure.code"} <= contract.counts.keys()
    assert unknown_codes([{}], mapping) == []


def test_a_lowered_cap_on_pages_is_followed_and_recorded_where_the_source_may_evolve(night: Night, site: Site) -> None:
    night()
    site.cap = 5
    for _ in range(2):
        batch = night()
        assert (batch.state, batch.pulled_count) == ("extracted", 12)
    assert recorded() == {("page_cap", "5", "evolved")}
    assert read_contract(SOURCE).page_cap == 5
    assert night(policy="freeze").state == "extracted"  # known and accepted


def test_a_lowered_cap_on_pages_stops_a_frozen_source(night: Night, site: Site) -> None:
    night()
    site.cap = 5
    batch = night(policy="freeze")
    assert (batch.state, batch.error_kind) == ("failed", "ContractBroken")
    assert "page cap 5 (a page holds 5 records; before, or as requested, it was 20)" in (batch.error_message or "")
    assert recorded() == {("page_cap", "5", "frozen")}
    assert read_contract(SOURCE).page_cap is None


def test_a_short_first_page_that_hides_rows_is_not_a_cap(night: Night, site: Site) -> None:
    site.hidden = slice(2, 4)
    batch = night()
    assert batch.state == "failed"
    assert "rows" in (batch.error_message or "") or "two pages" in (batch.error_message or "")


def test_a_key_that_is_only_on_a_later_page_is_reported_too(night: Night, site: Site) -> None:
    site.cap = 5

    def late(each: dict[str, Any]) -> None:
        if each["dossierId"] == 12:
            each["mood"] = "vui"

    assert night(late).state == "extracted"
    assert ("new_field", "mood", "evolved") in recorded()
    assert night(late).state == "extracted"
    assert len([kind for kind, *_ in recorded() if kind == "new_field"]) == 1
    late_and_frozen = night(lambda each: each.update(humour="x") if each["dossierId"] == 12 else None, policy="freeze")
    assert "new field humour" in (late_and_frozen.error_message or "")


def test_a_key_inside_a_list_that_a_field_is_read_from_is_not_a_new_field() -> None:
    mapping = load_mapping(PROJECT_ROOT / "include" / "catalog", "portal_sync")
    sent = [{"MaHoSo": "1", "DanhSachLePhi": [{"Gia": "2000"}], "TaiLieuNop": [{"DuocSoHoa": "1", "La": "1"}]}]
    differences = compare(Contract(0, {}, {}, None), contract_of(sent, mapping), mapping)
    assert [each.name for each in differences if each.kind == "new_field"] == ["TaiLieuNop.La"]
