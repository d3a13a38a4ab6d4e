"""What the checklist says of a source whose entry or mapping vouched for more than it says today, and what to do."""

from __future__ import annotations

from motcua.catalog.models import Text
from motcua.ledger import ClaimedMore


def claims_text(one: ClaimedMore, name: str) -> Text:
    """Return which days rest on what was vouched for and is no longer said, and what mends it.

    Args:
        name: of the source.
    """
    said = [f"options.once {once}" for once in one.once]
    if one.first_record_on:
        said.append(f"first_record_on: {one.first_record_on}")
    if one.is_register_taken_back:
        said.append("covers: register")
    if one.is_partial_taken_back:
        said.append("lists_all: false")
    what = ", ".join(said)
    opening = " --opening" if one.is_opening else ""
    ingest = f"`motcua ingest --source {one.source_id} --from {one.first_day} --to {one.last_day}{opening}`"
    action = (
        Text(
            vi="một bảng theo kỳ không cho biết hồ sơ nào còn mở trước kỳ; nếu tệp đúng là sổ đầy đủ thì ghi lại"
            f" covers: register rồi chạy {ingest}, nếu không thì số liệu của những ngày này vẫn là tạm thời",
            en="a table of a period does not show what was open before it; if it is the whole register, say covers:"
            f" register again and run {ingest}, else the figures of these days stay provisional",
        )
        if one.is_register_taken_back
        else Text(
            vi=f"chạy {ingest} (tệp cũ không cho biết những ngày sau đó: đề nghị đơn vị lưu lại), hoặc ghi lại điều đó"
            " nếu vẫn đúng",
            en=f"run {ingest} (an old file says nothing of the days since: ask the unit to save it again), or say it"
            " again if it still holds",
        )
    )
    return Text(
        vi=f"{one.source_id} ({name}): số liệu của {one.first_day:%d/%m/%Y} – {one.last_day:%d/%m/%Y} dựa vào điều mà"
        f" mục hoặc bảng ánh xạ nay không còn ghi ({what}; {one.pull_count} lần lấy dữ liệu); {action.vi}",
        en=f"{one.source_id} ({name}): the days {one.first_day} to {one.last_day} rest on what its entry or mapping no"
        f" longer says ({what}; {one.pull_count} pulls); {action.en}",
    )
