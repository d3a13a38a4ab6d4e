"""Which rule of due dates holds for a procedure, and what its file may say."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from motcua.days.due_dates import DueRule, DueRules, due_rules
from motcua.errors import CatalogError
from motcua.settings import Settings

SHIPPED = Settings.load().shipped_catalog_dir


def rules(*entries: dict[str, Any]) -> DueRules:
    shared = {"sessions": ["07:30-11:30"], "same_day_cutoff": "15:00", "tolerance_workdays": 1, "evidence": "e"}
    return DueRules.model_validate({"defaults": {**shared, "valid_from": "2020-01-01"}, "rules": list(entries)})


def test_the_narrowest_rule_of_the_day_is_taken() -> None:
    found = rules(
        {},
        {"province": "84"},
        {"fields": ["f"]},
        {"procedures": ["1.000001"], "valid_from": "2023-01-01"},
    )
    day = date(2023, 6, 1)
    assert [
        found.narrowest_index("1.000009", "g", "82", day),
        found.narrowest_index("1.000009", "g", "84", day),
        found.narrowest_index("1.000009", "f", "84", day),
        found.narrowest_index("1.000001", "f", "84", day),
        found.narrowest_index("1.000001", "f", "84", date(2022, 12, 31)),
        found.narrowest_index("1.000001", "f", "84", date(2019, 12, 31)),
    ] == [0, 1, 2, 3, 2, None]


def test_a_wrong_rule_is_refused_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "calendar" / "due_dates.yaml"
    path.parent.mkdir()
    text = (SHIPPED / "calendar" / "due_dates.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("rules:\n", "rules:\n  - {valid_from: 2020-01-01, evidence: e, cut_off: 1}\n"))
    line = path.read_text(encoding="utf-8").splitlines().index("rules:") + 2
    with pytest.raises(CatalogError, match=rf"due_dates\.yaml:{line}: rules\.0\.cut_off is not a known key"):
        due_rules(tmp_path)


FULL = {"valid_from": "2020-01-01", "sessions": ["07:30-11:30"], "same_day_cutoff": "15:00", "tolerance_workdays": 0,
        "evidence": "e"}  # fmt: skip


def test_a_rule_needs_a_session_its_evidence_and_a_tolerance_that_is_no_debt() -> None:
    assert DueRule.model_validate(FULL).tolerance_workdays == 0
    for wrong in ({"sessions": []}, {"evidence": ""}, {"tolerance_workdays": -1}, {"sessions": ["07:30"]}):
        with pytest.raises(ValidationError):
            DueRule.model_validate(FULL | wrong)


@pytest.mark.parametrize(
    "given", [None, [], {}, {"rules": None}, {"rules": {"a": FULL}}, {"rules": []}, {"rules": ["x"]}]
)
def test_a_file_that_is_no_list_of_rules_is_refused_and_does_not_crash(given: Any) -> None:
    with pytest.raises(ValidationError):
        DueRules.model_validate(given)


def test_rules_may_say_everything_themselves_and_override_what_they_share() -> None:
    assert DueRules.model_validate({"rules": [FULL]}).rules[0].evidence == "e"
    assert DueRules.model_validate({"defaults": None, "rules": [FULL]}).rules[0].evidence == "e"
    shared = DueRules.model_validate({"defaults": FULL, "rules": [{"tolerance_workdays": 3}]})
    assert (shared.rules[0].tolerance_workdays, shared.rules[0].evidence) == (3, "e")


def test_of_two_rules_as_narrow_as_each_other_the_first_is_taken() -> None:
    found = rules({"province": "82"}, {"fields": ["f"]}, {"fields": ["f"], "province": "84"}, {"fields": ["f"]})
    assert found.narrowest_index("c", "f", "82", date(2023, 6, 1)) == 1
    assert found.narrowest_index("c", "f", "84", date(2023, 6, 1)) == 2
    assert found.narrowest_index("c", "g", "84", date(2023, 6, 1)) is None
