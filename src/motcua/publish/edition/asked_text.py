"""What the checklist says of a source that was asked otherwise than its entry says today, and what to do."""

from __future__ import annotations

from motcua.catalog.models import Text
from motcua.ledger import AskedOtherwise

FILES = {"options.path", "options.sheets"}  # which files, and what of them: the new ones may be another year's book


def asked_text(one: AskedOtherwise, name: str) -> Text:
    """Return which pulls asked otherwise, by which keys of the entry, and the command that mends it.

    Args:
        name: of the source.
    """
    what = ", ".join(one.changed)
    why = Text(
        vi=f"theo mục trước đây của danh mục (đã đổi: {what})" if what else "mà không rõ đã hỏi ở đâu và hỏi gì",
        en=f"asked otherwise than its entry says today (changed: {what})" if what else "asked nobody knows where",
    )
    ingest = f"`motcua ingest --source {one.source_id} --from {one.first_day} --to {one.last_day}`"
    if what and not one.is_mended_by_asking:
        action = Text(
            vi="nguồn chỉ gửi một phần (lists_all: false) nên hỏi lại không cho biết bản ghi nào lấy nhầm; trả lại"
            " giá trị cũ và thêm một mục nguồn khác cho nơi mới",
            en="it lists only a part (lists_all: false), so asking again does not show which records were read in the"
            " wrong place; take the old value back, and add another entry for the new place",
        )
    elif FILES.intersection(one.changed):
        action = Text(
            vi="nếu nơi mới là sổ của năm khác, bên cạnh sổ cũ: ghi mẫu gồm cả hai (ví dụ `drops/202[34]/*`), hoặc trả"
            " lại giá trị cũ, ghi valid_to và thêm một mục nguồn khác cho nơi mới; nếu nơi cũ bị sai: (sổ đã đủ từ"
            f" một ngày sớm hơn tháng không tiếp nhận thì ghi first_record_on) chạy {ingest}",
            en="if the new place is another year's book beside the old one, let the pattern name both (such as"
            " `drops/202[34]/*`), or take the old value back with a valid_to, and add another entry for the new place;"
            " if the old place was wrong (say first_record_on if the register is whole since before a month without"
            f" receptions) run {ingest}",
        )
    else:
        action = Text(vi=f"chạy {ingest}", en=f"run {ingest}")
    return Text(
        vi=f"{one.source_id} ({name}): {one.pull_count} lần lấy dữ liệu của {one.first_day:%d/%m/%Y} –"
        f" {one.last_day:%d/%m/%Y} {why.vi}; {action.vi}",
        en=f"{one.source_id} ({name}): {one.pull_count} pulls, of {one.first_day} to {one.last_day}, {why.en};"
        f" {action.en}",
    )
