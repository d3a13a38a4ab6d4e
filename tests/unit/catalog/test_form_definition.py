"""What makes a form: the columns it may have, and what follows from them. On forms made by hand."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from motcua.catalog.forms import Form
from motcua.catalog.models import LEVELS

CAME = {"terms": [{"measures": ["received_online"], "window": "in_period"}]}
SECTIONS = [{"number": "I", "level": level, "vi": level, "en": level} for level in LEVELS]


def form(columns: dict[str, dict[str, Any]], **more: Any) -> Form:
    return Form.model_validate(
        {
            "valid_from": "2019-01-01", "report_code": "tiny", "form_no": "", "title_vi": "", "title_en": "",
            "legal_source": "", "counted_vi": "", "counted_en": "", "row_heading": {"vi": "", "en": ""},
            "tables": ["unit"], "sections": [],
            "columns": [
                {"number": number, "code": column.pop("code", code), "label": "", "vi": [f"vi {code}"],
                 "en": [f"en {code}"], "evidence": "test", **column}
                for number, (code, column) in enumerate(((code, dict(one)) for code, one in columns.items()), start=3)
            ],
            **more,
        }
    )  # fmt: skip


def test_a_form_has_a_column_at_least_and_looks_nowhere_it_is_not_told_to() -> None:
    tiny = form({"came": CAME})
    assert (tiny.working_days_ahead, tiny.one_day, tiny.tells_quarantine) == (0, False, False)
    with pytest.raises(ValidationError, match="columns"):
        form({})


@pytest.mark.parametrize(("days", "is_accepted"), [(-1, False), (0, True), (20, True), (21, False)])
def test_a_form_looks_at_most_twenty_working_days_ahead(days: int, is_accepted: bool) -> None:
    if is_accepted:
        assert form({"came": CAME}, working_days_ahead=days).working_days_ahead == days
    else:
        with pytest.raises(ValidationError, match="working_days_ahead"):
            form({"came": CAME}, working_days_ahead=days)


@pytest.mark.parametrize(
    ("columns", "more", "told"),
    [
        ({"came": CAME, "twice": {**CAME, "code": "came"}}, {}, "a column code stands twice"),
        ({"came": CAME, "all": {"plus": ["came"]}, "more": {"plus": ["all"]}}, {}, "more is made of all, which"),
        ({"came": CAME, "share": {"percent": {"of": "came", "among": "went"}}}, {}, "share is a share of columns"),
        ({"came": CAME, "share": {"percent": {"of": "went", "among": "came"}}}, {}, "share is a share of columns"),
        ({"came": CAME}, {"sections": SECTIONS}, "need the table by level"),
        ({"came": CAME}, {"sections": SECTIONS[1:], "tables": ["unit", "level"]}, "needs a section of each level"),
        ({"came": CAME}, {"sections": [*SECTIONS, SECTIONS[0]], "tables": ["unit", "level"]}, "of one level each"),
        ({"came": CAME}, {"tables": ["unit", "level"]}, "needs a section of each level"),
    ],
)  # fmt: skip
def test_a_form_that_does_not_fit_together_is_refused_with_the_reason(
    columns: dict[str, Any], more: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        form(columns, **more)


def test_a_share_may_be_of_any_columns_that_are_counted() -> None:
    one = form({"came": CAME, "went": CAME, "share": {"percent": {"of": "came", "among": "went"}}})
    assert one.column_codes == ("came", "went")
    assert one.shares({"came": 1, "went": 4}) == {"share": "25.00"}
    assert form({"came": CAME}, sections=SECTIONS, tables=["unit", "level"]).sections


def test_a_tile_given_by_a_column_stands_under_its_heading_in_both_languages() -> None:
    [tile] = form({"came": CAME}, tiles=["came"]).page_tiles
    assert (tile.vi, tile.en, tile.columns) == ("vi came", "en came", ("came",))
    with pytest.raises(ValidationError, match="the page shows columns the form does not count: went"):
        form({"came": CAME}, tiles=["went"])


def test_a_form_counts_petitions_where_a_measure_of_it_is_one_of_petitions() -> None:
    petitions = {"terms": [{"measures": ["petition_received_behaviour"], "window": "in_period"}]}
    assert form({"came": CAME}).record_kind == "dossier"
    assert form({"came": petitions}).record_kind == "petition"


def test_a_column_that_is_not_given_counts_nothing() -> None:
    tiny = form({"came": CAME, "went": CAME, "all": {"plus": ["came"], "minus": ["went"]}})
    assert tiny.counts({}) == {"came": 0, "went": 0, "all": 0}
    assert tiny.counts({"came": 5, "went": 2}) == {"came": 5, "went": 2, "all": 3}
