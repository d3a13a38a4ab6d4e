"""Years of two digits and hours of a clock of twelve: read where the format says so, and never as another instant."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motcua.extract.records.day_order import DayColumn, DayOrder
from motcua.extract.records.instants import contradiction, is_format, reader
from motcua.extract.records.rules import InstantRule

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
SHORT, LONG = ("dd/MM/yy", "d/M/yy", "d-M-yy", "ddMMyy"), ("dd/MM/yyyy", "d/M/yyyy", "d-M-yyyy", "ddMMyyyy")


@given(days, st.sampled_from(SHORT), st.sampled_from(LONG))
def test_a_year_of_two_digits_is_read_only_where_it_is_said(day: date, short: str, long: str) -> None:
    written = {"-": f"{day:%d-%m-%y}", "/": f"{day:%d/%m/%y}"}.get(short[1:3].strip("dM"), f"{day:%d%m%y}")
    in_full = written[:-2] + f"{day:%Y}"
    meant = datetime(day.year, day.month, day.day)
    assert reader([short])(written) == meant
    assert reader([short])(in_full) is None
    assert reader([long])(written) is None
    if short[1:3] == long[1:3]:
        assert reader([short, long])(in_full) == reader([long, short])(in_full) == meant
        assert reader([short, long])(written) == reader([long, short])(written) == meant


@given(st.times(), days, st.sampled_from(["dd/MM/yyyy hh:mm:ss tt", "d/M/yyyy h:mm:ss tt", "dd/MM/yyyy HH:mm:ss tt"]))
def test_an_hour_before_and_after_noon_is_read_as_excel_writes_it(at: Any, day: date, name: str) -> None:
    at = at.replace(microsecond=0)
    hour, half = (at.hour % 12 or 12), ("SA", "AM", "a.m.") if at.hour < 12 else ("CH", "PM", "p.m.")
    for word in half:
        for text in (
            f"{day:%d/%m/%Y} {hour:02}:{at:%M:%S} {word}",
            f"{day:%d/%m/%Y} {hour:02}:{at:%M:%S}\u202f{word.lower()}",
        ):
            assert reader([name])(text) == datetime.combine(day, at)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("05/10/2023 12:00:00 SA", datetime(2023, 10, 5)),
        ("05/10/2023 12:30:00 SA", datetime(2023, 10, 5, 0, 30)),
        ("05/10/2023 12:00:00 CH", datetime(2023, 10, 5, 12)),
        ("05/10/2023 13:00:00 CH", None),
        ("05/10/2023 00:10:00 SA", None),
        ("05/10/2023 10:30:00", None),
        ("05/10/2023 10:30:00 TR", None),
        ("05/10/2023 10:30:00 SA CH", None),
    ],
)
def test_noon_is_twelve_ch_and_an_hour_that_its_half_does_not_have_is_unread(said: str, at: datetime | None) -> None:
    assert reader(["dd/MM/yyyy hh:mm:ss tt"])(said) == at


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_words_of_a_format_are_read_in_any_unicode_form_and_letter_case(form: Any) -> None:
    read = reader([unicodedata.normalize(form, "h giờ mm tt, ngày d tháng M năm yyyy")])
    for said in ("2 giờ 05 ch, ngày 5 tháng 10 năm 2023", "2 GIỜ 05 CH,  NGÀY 5 THÁNG 10 NĂM 2023"):
        for other in ("NFC", "NFD"):
            assert read(unicodedata.normalize(other, said)) == datetime(2023, 10, 5, 14, 5)


@pytest.mark.parametrize(
    ("name", "is_known"),
    [("hh:mm tt dd/MM/yyyy", True), ("hh:mm dd/MM/yyyy", False), ("dd/MM/yyyy tt", False),
     ("dd/MM/yyyy hh H tt", False), ("Hhmm ngày dd/MM/yyyy", True), ("dd/MM/yyyy dd", False)],
)  # fmt: skip
def test_a_clock_of_twelve_needs_its_half_and_a_half_needs_one_hour(name: str, is_known: bool) -> None:
    assert is_format(name) is is_known


@pytest.mark.parametrize(
    ("formats", "both"),
    [
        (("dd/MM/yy", "yy/MM/dd"), "dd/MM/yy and yy/MM/dd"),
        (("d/M/yy", "MM/dd/yy"), "d/M/yy and MM/dd/yy"),
        (("dd/MM/yyyy", "M/d/yy"), "dd/MM/yyyy and M/d/yy"),
        (("dd/MM/yy", "dd/MM/yyyy", "d/M/yy", "yyyy/MM/dd", "yy-MM-dd", "excel", "iso"), None),
        (("dd/MM/yyyy", "MM/dd/yyyy"), None),
    ],
)
def test_formats_that_leave_open_what_a_short_year_means_are_refused(
    formats: tuple[str, ...], both: str | None
) -> None:
    assert contradiction(formats) == both
    if both:
        with pytest.raises(ValueError, match="contradict one another"):
            InstantRule.model_validate({"as": "instant", "key": "Ngày", "formats": formats})


@pytest.mark.parametrize("serial", [9, 36_525, 73_051, 2_000_000])
def test_a_number_of_days_outside_the_century_of_dossiers_is_no_day(serial: int) -> None:
    assert reader(["excel"])(serial) is None
    assert reader(["excel"])(36_526) == datetime(2000, 1, 1)
    assert reader(["excel"])(73_050) == datetime(2099, 12, 31)


@pytest.mark.parametrize(("formats", "is_held"), [(("d/M/yy",), True), (("M/d/yy",), False)])
def test_short_years_in_the_other_order_are_found_as_long_ones_are(formats: tuple[str, ...], is_held: bool) -> None:
    order = DayOrder({"Ngày": DayColumn("received_at", formats)})
    order.add({"Ngày": ["10/05/23", "10/15/23", "10/20/23", "10/08/23"]}, 4, None)
    assert bool(order.findings()) is is_held


def test_a_day_whose_short_year_stands_first_is_taken_for_no_other_day() -> None:
    order = DayOrder({"Ngày": DayColumn("received_at", ("yy/MM/dd", "dd/MM/yyyy"))})
    order.add({"Ngày": ["23/10/05", "23/10/20", "15/10/2023", datetime(2023, 10, 6)]}, 4, None)
    assert reader(["yy/MM/dd"])("23/10/05") == datetime(2023, 10, 5)
    assert not [one for one in order.findings() if "23/10/05" in one]
