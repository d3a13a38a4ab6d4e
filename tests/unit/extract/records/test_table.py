"""What one record becomes: fields, converters, null spellings, codes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from tests.unit.extract.opencps_site import NUMBER, record

from motcua.catalog import load_catalog
from motcua.extract.records.mapping import load_mapping
from motcua.extract.records.privacy import Pseudonymiser
from motcua.extract.records.table import TableBuilder
from motcua.settings import PROJECT_ROOT

CATALOG = PROJECT_ROOT / "include" / "catalog"


def mapped(*records: dict[str, Any]) -> list[dict[str, Any]]:
    source = load_catalog(CATALOG).source_by_id["tra-vinh.c29236"]
    builder = TableBuilder(source, load_mapping(CATALOG, "opencps"), Pseudonymiser("k1", b"\x5a" * 32))
    rows: list[dict[str, Any]] = builder.table(records).to_pylist()
    assert not builder.unclassified
    return rows


def mapped_one(**values: Any) -> dict[str, Any]:
    return mapped(record(1, **values))[0]


def test_a_returned_dossier_is_mapped_field_by_field() -> None:
    row = mapped_one(
        modifiedDate="05/10/2023 15:31:00",
        submitDate="02/10/2023 07:55:10",
        releaseDate="05/10/2023 15:00:00",
        finishDate="05/10/2023 15:30:00",
        dossierStatus="done",
        feeAmount=20000,
    )
    assert row["applicant_ref"].startswith("k1:")
    assert len(row.pop("applicant_ref")) == len("k1:") + 64
    assert row.pop("as_sent")  # test_as_sent
    assert {key: value for key, value in row.items() if value is not None} == {
        "system_code": "opencps-tra-vinh",
        "agency_code": "84102",
        "dossier_id": "1",
        "dossier_no": "000.01.21.H59-231002-0001",
        "reference_uid": "b1e2c3d4-0000-0000-0000-000000000001",
        "unit_code": "000.01.21.H59",
        "procedure_code": "2.000815",
        "procedure_suffix": "000.00.00.H59",
        "source_field_code": "G15-TP08",
        "status_code": 10,
        "source_status": "done",
        "channel_code": 1,
        "submitted_at": datetime(2023, 10, 2, 7, 55, 10),
        "received_at": datetime(2023, 10, 2, 8),
        "due_at": datetime(2023, 10, 9, 17),
        "finished_at": datetime(2023, 10, 5, 15),
        "returned_at": datetime(2023, 10, 5, 15, 30),
        "modified_at": datetime(2023, 10, 5, 15, 31),
        "is_clock_stopped": False,
        "fee_amount": 20000,
        "online_level": 2,
        "applicant_kind": "citizen",
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("new", 1), ("receiving", 2), ("unresolved", 9), ("processing", 4), ("interoperating", 4), ("posting", 9),
        ("correcting", 4), ("cancelling", 4), ("waiting", 5), ("pausing", 5), ("paying", 6), ("cancelled", 7),
        ("denied", 3), ("releasing", 9), ("done", 10), ("", None),
    ],
)  # fmt: skip
def test_every_source_status_has_its_national_code(status: str, code: int | None) -> None:
    row = mapped_one(dossierStatus=status)
    assert (row["status_code"], row["mapping_issues"]) == (code, None)


def test_an_unknown_status_is_named_as_an_issue_without_its_value() -> None:
    row = mapped_one(dossierStatus="teleported")
    assert (row["status_code"], row["mapping_issues"]) == (None, "status_code: not a known dossierStatus")


@pytest.mark.parametrize(
    ("online", "postal", "channel"),
    [("true", "0", 2), ("True", "3", 2), (True, "0", 2), (1, "0", 2), ("1", "0", 2), ("false", "1", 1),
     (False, "2", 3), (0, "4", 3), ("0", {}, 1), ("", "4", 1), (None, None, 1), ([], {}, 1), ("có", "1", None)],
)  # fmt: skip
def test_the_channel_is_online_by_the_flag_else_postal_else_direct(
    online: Any, postal: Any, channel: int | None
) -> None:
    """Without the flag the mapping of OpenCPS says direct; of another word nobody knows."""
    row = mapped_one(online=online, viaPostal=postal)
    assert (row["channel_code"], row["mapping_issues"] is None) == (channel, channel is not None)


@pytest.mark.parametrize("status", ["waiting", "paying"])
def test_a_correcting_date_is_the_pause_of_a_paused_dossier_only(status: str) -> None:
    assert mapped_one(dossierStatus=status, correctingDate="03/10/2023 08:00:00")["paused_at"] == datetime(
        2023, 10, 3, 8
    )
    assert mapped_one(dossierStatus="processing", correctingDate="03/10/2023 08:00:00")["paused_at"] is None


def test_the_release_of_a_refused_intake_is_its_refusal_date() -> None:
    assert mapped_one(dossierStatus="denied", releaseDate="03/10/2023 08:00:00")["refused_at"] == datetime(
        2023, 10, 3, 8
    )
    assert mapped_one(dossierStatus="done", releaseDate="03/10/2023 08:00:00")["refused_at"] is None


@pytest.mark.parametrize("nothing", ["", None, 0, "0", "null", "undefined", "0000-00-00T00:00:00.000+0700"])
def test_every_spelling_of_an_empty_value_is_null_without_an_issue(nothing: Any) -> None:
    row = mapped_one(dueDate=nothing)
    assert (row["due_at"], row["mapping_issues"]) == (None, None)


def test_an_absent_key_is_null() -> None:
    without = record(1)
    del without["dueDate"], without["online"], without["originality"]
    row, other = mapped(without, record(2))
    assert (row["due_at"], row["channel_code"], row["standing"]) == (None, 1, None)
    assert other["due_at"] == datetime(2023, 10, 9, 17)


@pytest.mark.parametrize(
    "wrong",
    [
        "31/02/2023 08:00:00",
        "2023-10-02 08:00:00",
        "02/10/2023 25:00:00",
        "2/10/2023 08:00:00",
        "soon",
        1696208400000,
        {},
    ],
)
def test_a_date_that_does_not_parse_becomes_null_and_is_named(wrong: Any) -> None:
    row, other = mapped(record(1, dueDate=wrong), record(2))
    assert row["due_at"] is None
    assert row["mapping_issues"] in ("due_at: not dd/MM/yyyy HH:mm:ss", "due_at: not a single value")
    assert (other["due_at"], other["mapping_issues"]) == (datetime(2023, 10, 9, 17), None)


def test_a_day_without_time_means_the_beginning_of_the_day() -> None:
    assert mapped_one(dueDate="09/10/2023")["due_at"] == datetime(2023, 10, 9)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1.001612.000.00.00.H48", ("1.001612", "000.00.00.H48")),
        ("1.000948.H38", ("1.000948", "H38")),
        ("1.005129", ("1.005129", None)),
        ("TS_lop1.000.00.00.H22", ("TS_lop1", "000.00.00.H22")),
        ("LOCAL-7", ("LOCAL-7", None)),
        ("", (None, None)),
    ],
)
def test_a_procedure_code_is_split_from_its_suffix(code: str, expected: tuple[str | None, str | None]) -> None:
    row = mapped_one(serviceCode=code)
    assert (row["procedure_code"], row["procedure_suffix"]) == expected


@pytest.mark.parametrize("state", ["PAUSE", "PAUSE_OVERDUE"])
def test_a_locked_dossier_has_its_clock_stopped(state: str) -> None:
    assert mapped_one(lockState=state)["is_clock_stopped"] is True


def test_a_child_names_its_parent() -> None:
    row = mapped_one(originality=2, originDossierId=1002)
    assert (row["parent_dossier_id"], row["standing"]) == ("1002", "child")


@pytest.mark.parametrize(
    "code", ["000.00.12.H44-210305-0007", "H15.50.05.13-261008-0975", "G09.20-20260609-0092637", "18E8E577", "ABC-1"]
)
def test_a_dossier_number_of_a_known_pattern_is_kept(code: str) -> None:
    row = mapped_one(dossierNo=code)
    assert (row["dossier_no"], row["mapping_issues"]) == (code, None)


@pytest.mark.parametrize(
    "leak",
    [
        "084123456789",
        "123456789",
        "HS-084123456789",
        "0912345678",
        "+84912345678",
        "HS-0912.345.678",
        "a@b.vn",
        "TRẦN AN",
    ],
)
def test_a_code_that_looks_personal_is_masked_and_named(leak: str) -> None:
    row = mapped_one(dossierNo=leak)
    assert row["dossier_no"] == "[masked]"
    assert row["mapping_issues"] == "dossier_no: masked, it holds what may be personal data"


def test_an_identity_number_has_one_pseudonym_however_it_is_spelt() -> None:
    plain, spaced, other, unknown = mapped(
        record(1), record(2, applicantIdNo=" 084 123 456 789"), record(3, applicantIdNo="1"),
        record(4, applicantIdNo="000000001"),
    )  # fmt: skip
    assert plain["applicant_ref"] == spaced["applicant_ref"]
    assert plain["applicant_ref"] != other["applicant_ref"]
    assert unknown["applicant_ref"] is None
    assert NUMBER not in repr([plain, spaced])


def test_the_pseudonym_depends_on_the_key() -> None:
    assert Pseudonymiser("a", b"1" * 32)(NUMBER)[2:] != Pseudonymiser("a", b"2" * 32)(NUMBER)[2:]


def test_during_a_rotation_a_record_has_references_with_both_keys() -> None:
    source = load_catalog(CATALOG).source_by_id["tra-vinh.c29236"]
    old, new = ("k1", b"1" * 32), ("k2", b"2" * 32)
    records = [record(1), record(2, applicantIdNo=" 084 123 456 789"), record(3, applicantIdNo=["084"]),
               record(4, applicantIdNo="000000001")]  # fmt: skip

    def refs(key: Pseudonymiser) -> list[tuple[str | None, ...]]:
        table = TableBuilder(source, load_mapping(CATALOG, "opencps"), key).table(records)
        columns = ("applicant_ref", "previous_applicant_refs", "mapping_issues")
        return [tuple(row.values()) for row in table.select(columns).to_pylist()]

    before, after = Pseudonymiser(*old)(NUMBER), Pseudonymiser(*new)(NUMBER)
    wrong = (None, None, "applicant_ref: not a single value")
    assert refs(Pseudonymiser(*old)) == [(before, None, None)] * 2 + [wrong, (None, None, None)]
    assert refs(Pseudonymiser(*new, [old])) == [(after, before, None)] * 2 + [wrong, (None, None, None)]
    assert refs(Pseudonymiser(*new)) == [(after, None, None)] * 2 + [wrong, (None, None, None)]
