"""When a final edition stands although a later pull is held, failed or under way: its figures are the same.

Nothing of such a pull is in the store, so the edition is what is known; a provisional one with the same figures would
say less. What is owed is a word to the office, because the pull may hold changes of the period.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from motcua.catalog.models import Text
from motcua.publish.edition.content import Content, changed_keys
from motcua.publish.form.completeness import SourceCell

_MAY_DIFFER = {"completeness", "checklist", "cells"}
_LINES = {"sources_answered", "no_batch_held"}  # what such a pull leaves unmet
_STATES: Mapping[str, Text] = {
    "held": Text(vi="bị giữ lại để kiểm tra", en="is held for a decision"),
    "failed": Text(vi="bị lỗi", en="failed"),
}
_UNDER_WAY = Text(vi="chưa xong", en="is not finished")


def later_pulls(newest: Content, draft: Content, cells: Sequence[SourceCell]) -> tuple[Text, ...]:
    """Return the pulls without an answer in spite of which a final edition stands, each with what to do; else none.

    It stands when nothing is otherwise than in the draft but the cells of sources that had answered in full, and every
    line of the checklist is met but those that follow from these cells.

    Args:
        newest: the newest edition of the series, in today's shape.
        draft: as it would be published now.
        cells: of the draft.
    """
    if newest["completeness"] != "final" or draft["completeness"] == "final":
        return ()
    if not set(changed_keys(newest, draft)) <= _MAY_DIFFER:
        return ()
    was = {(cell["source_id"], cell["unit_id"]): _told(cell) for cell in newest["cells"]}
    pending: list[SourceCell] = []
    for cell, now in zip(cells, draft["cells"], strict=True):
        before = was.pop((cell.source_id, cell.unit_id), None)
        if before == _told(now):
            continue
        had_answered = before == {**_told(now), "cell": "received"}
        if not (had_answered and cell.is_lacking and cell.unanswered_state):
            return ()
        pending.append(cell)
    unmet = [line for line in draft["checklist"] if line["is_met"] == "no"]
    missing = sum(len(line["missing"]) for line in unmet)
    if was or missing != len(pending) or not {line["code"] for line in unmet} <= _LINES:
        return ()
    return tuple(_word(cell) for cell in pending)


def _told(cell: Content) -> Content:
    return {name: value for name, value in cell.items() if name != "batches"}


def _word(cell: SourceCell) -> Text:
    state = _STATES.get(cell.unanswered_state or "", _UNDER_WAY)
    why = f": {cell.unanswered_reason}" if cell.unanswered_reason else "."
    return Text(
        vi=f"{cell.source_id} ({cell.source_name}): một lần lấy dữ liệu sau đó {state.vi}, không bản ghi nào của nó"
        f" được tính{why}",
        en=f"{cell.source_id} ({cell.source_name}): a later pull {state.en}, and none of its records counts{why}",
    )
