"""What the columns of a table mean where a mapping makes columns of others, or reads time limits."""

from __future__ import annotations

import yaml
from tests.unit.extract.test_register import MAPPING

from motcua.extract.records.mapping import SourceMapping
from motcua.extract.shape.meaning import dossier_columns, marked_keys


def mapping() -> SourceMapping:
    """The mapping of the register, with a number of two columns, a day of three, and limits for due days."""
    said = yaml.safe_load(MAPPING.format(covers="register"))
    said["made"] = {
        "số": {"join": ["quyển", "số thứ tự"], "between": "-"},
        "nhận lúc": {"day": "ngày", "month": "tháng", "year": "năm"},
    }
    said["identity"]["key"] = said["fields"]["dossier_no"]["key"] = "số"
    said["fields"]["received_at"] = {"as": "instant", "key": "nhận lúc"}
    said["fields"]["due_at"]["limits"] = "working_days"
    kept = [key for key in said["keys"]["keep"] if key not in ("Số hồ sơ", "Ngày tiếp nhận")]
    said["keys"]["keep"] = [*kept, "quyển", "số thứ tự", "ngày", "tháng", "năm"]
    return SourceMapping.model_validate(said)


def test_the_columns_that_others_are_made_of_tell_a_record_by_any_value() -> None:
    columns = dossier_columns(mapping())
    assert columns.identity == {"quyển", "số thứ tự"}
    assert not {"số", "nhận lúc"} & columns.says.keys()
    for part in ("ngày", "tháng", "năm"):
        assert [says(value) for says in columns.says[part] for value in (5, "5", None, "  ")] == [
            True,
            True,
            False,
            False,
        ]


def test_a_time_limit_is_a_fact_where_the_mapping_reads_limits() -> None:
    [says] = dossier_columns(mapping()).says["Ngày hẹn trả"]
    assert [says(value) for value in ("Trong ngày", "10", "05/10/2023", "Tổng cộng")] == [True, True, True, False]
    [says] = dossier_columns(mapping()).says["Ngày trả kết quả"]
    assert not says("Trong ngày")


def test_a_row_that_no_filter_knows_is_marked_in_columns_that_the_file_has() -> None:
    assert marked_keys(mapping()) == ("Trạng thái",)
    without_status = mapping().model_copy(update={"status": mapping().status.model_copy(update={"key": ()})})
    assert marked_keys(without_status) == ("ngày", "tháng", "năm")
