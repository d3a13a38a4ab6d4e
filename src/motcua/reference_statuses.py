"""Generates `docs/reference/statuses.md`: what each status of each shipped mapping means, and where that was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from motcua.canonical import Status
from motcua.extract.records.mapping import load_mapping
from motcua.extract.records.rules import StatusRule
from motcua.markdown_page import page, table

# The national list (one_stop_systems.md section b.2) and how `dossier_contribution` counts each status.
_COUNTS = {
    Status.REGISTERED: ("Mới đăng ký", "not received; an online one waits for intake"),
    Status.ACCEPTED: ("Được tiếp nhận", "received, in process"),
    Status.NOT_ACCEPTED: ("Không được tiếp nhận", "apart: neither received, nor in process, nor resolved"),
    Status.IN_PROCESS: ("Đang xử lý", "received, in process"),
    Status.SUPPLEMENT_ASKED: ("Yêu cầu bổ sung giấy tờ", "received, in process, the clock stopped"),
    Status.PAYMENT_ASKED: ("Yêu cầu thực hiện nghĩa vụ tài chính", "received, in process, the clock stopped"),
    Status.WITHDRAWN: ("Công dân yêu cầu rút hồ sơ", "received, withdrawn; form II.06a books it on time"),
    Status.STOPPED: ("Dừng xử lý", "received, stopped; form II.06a books it on time"),
    Status.FINISHED: ("Đã xử lý xong", "received, resolved, late when late"),
    Status.RETURNED: ("Đã trả kết quả", "received, resolved, late when late"),
}


def statuses_page(folder: Path) -> str:
    """Return the page of the mappings in a folder.

    Args:
        folder: `mappings/` of a catalogue.
    """
    lines = [
        "A status is read by the mapping of its source, or by `statuses` of the source's entry, where a site says",
        "otherwise ([how](../how-to/say-what-a-status-means.md)). Evidence `code`: read in a system's own code;",
        "`inferred`: our choice, where no code and no law states it, or two contradict each other.",
        "",
        "A status that no row names is not guessed: its dossiers are set aside (rule V1). A status that ends a dossier",
        "needs a day, of finishing, return or refusal. Without one the dossier is set aside too (rule V4): no period",
        "that it may belong to is final, and the edition names it. Sections (a.4) are those of",
        "[one_stop_systems.md](../background/one_stop_systems.md).",
        "",
        "A beginning that `motcua sources new` writes marks each status it guessed (`# <-`), always as inferred.",
        "",
        "## The national list (TrangThaiHoSo)",
        "",
        *table(("code", "status", "counts as"), [(code.value, *_COUNTS[code]) for code in Status]),
    ]
    for path in sorted(folder.glob("*.yaml")):
        mapping = load_mapping(folder.parent, path.stem)
        lines += ["", f"## `mappings/{path.name}`", ""]
        lines += table(("status", "code", "national status", "evidence", "where it was read"), _rows(mapping.status))
    return page("Statuses of the sources", "the mappings of `include/catalog/`", lines)


def _rows(rule: StatusRule) -> Iterator[tuple[object, ...]]:
    for name, status in rule.codes.items():
        yield f"`{name}`", status.code, _COUNTS[Status(status.code)][0], status.evidence, status.why
        for sub, row in status.sub.items():
            yield f"`{name}`, sub-status `{sub}`", row.code, _COUNTS[Status(row.code)][0], row.evidence, row.why
    for dated in rule.by_dates:
        yield f"none, but `{dated.field}`", dated.code, _COUNTS[Status(dated.code)][0], "inferred", ""
