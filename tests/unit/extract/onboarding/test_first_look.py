"""What is seen of a source before it is added: an error of a spreadsheet is none of its words."""

from __future__ import annotations

from motcua.extract.onboarding.profile import Profile
from motcua.extract.onboarding.skeleton import Sample
from motcua.extract.records.mapping import load_mapping
from motcua.settings import PROJECT_ROOT


def test_no_word_of_a_code_list_is_guessed_from_an_error() -> None:
    sample = Sample(("Tình trạng",), [[word] for word in ("Đã trả", "#N/A", "#FORMULA?") for _ in range(2)])
    assert sample.words("Tình trạng") == ["Đã trả"]


def test_an_error_is_shown_as_it_stands_and_another_value_by_its_shape() -> None:
    profile = Profile(load_mapping(PROJECT_ROOT / "include" / "catalog", "files-example"))
    profile.add([{"Ngày hẹn trả": "#REF!"}, {"Ngày hẹn trả": "Nguyễn 12"}])
    assert set(profile.keys()["Ngày hẹn trả"].formats) == {"unread #REF!", "unread aaaaaa 99"}
