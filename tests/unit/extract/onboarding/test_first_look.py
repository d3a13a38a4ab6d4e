"""What is seen of a source before it is added: an error of a spreadsheet is none of its words."""

from __future__ import annotations

from motcua.extract.onboarding.profile import Profile
from motcua.extract.onboarding.skeleton import Sample
from motcua.extract.onboarding.unknown_procedures import UnknownProcedures
from motcua.extract.records.mapping import SourceMapping, load_mapping
from motcua.settings import PROJECT_ROOT
from motcua.units.office_words import office_words

CATALOG = PROJECT_ROOT / "include" / "catalog"


def test_no_word_of_a_code_list_is_guessed_from_an_error() -> None:
    sample = Sample(("Tình trạng",), [[word] for word in ("Đã trả", "#N/A", "#FORMULA?") for _ in range(2)])
    assert sample.words("Tình trạng") == ["Đã trả"]


def test_an_error_is_shown_as_it_stands_and_another_value_by_its_shape() -> None:
    profile = Profile(load_mapping(CATALOG, "files-example"), office_words(CATALOG).names_person)
    profile.add([{"Ngày hẹn trả": "#REF!"}, {"Ngày hẹn trả": "Nguyễn 12"}])
    assert set(profile.keys()["Ngày hẹn trả"].formats) == {"unread #REF!", "unread aaaaaa 99"}


def test_a_word_of_a_code_list_is_not_shown_where_it_names_a_person() -> None:
    mapping = load_mapping(CATALOG, "files-example")
    [key, *_] = mapping.status.key
    profile = Profile(mapping, office_words(CATALOG).names_person)
    profile.add([{key: word} for word in ("Mã Thị Thòn", "nộp hộ: Nông Thị Dìn", "chờ bổ sung giấy") for _ in range(3)])
    assert profile.keys()[key].words == {"[not shown]": (None, 6), "chờ bổ sung giấy": (None, 3)}


def test_a_procedure_whose_name_is_made_of_two_columns_is_named_when_nobody_knows_it() -> None:
    mapping = SourceMapping.model_validate(
        {
            "adapter": "files",
            "null_values": [""],
            "identity": {"as": "key", "key": "Số"},
            "status": {"by_dates": [{"field": "received_at", "code": 4}]},
            "channel": {"as": "constant", "code": 1},
            "made": {"Thủ tục": {"join": ["Nhóm", "Tên"], "between": " "}},
            "fields": {
                "received_at": {"as": "instant", "key": "Ngày", "formats": ["dd/MM/yyyy"]},
                "procedure_code": {"as": "procedure", "key": "Thủ tục", "otherwise": "KHAC"},
            },
            "keys": {"keep": ["Số", "Ngày", "Nhóm", "Tên"]},
        }
    )
    unknown = UnknownProcedures(mapping, lambda name: None, lambda name: name.startswith("Cấp"))
    person = {"Số": 2, "Ngày": "01/10/2023", "Nhóm": "Trần", "Tên": "Văn Mẫu"}
    unknown.add([{"Số": 1, "Ngày": "01/10/2023", "Nhóm": "Cấp", "Tên": "phép đào đường"}, person])
    assert unknown.names == {"Cấp phép đào đường": 1, "[not shown]": 1}
    profile = Profile(mapping, office_words(CATALOG).names_person)
    profile.add([person])
    assert profile.keys()["Tên"].rows == 1
