"""A restatement in words, Vietnamese first: for the page, the workbook and the terminal alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from motcua.catalog.cells import cell_text
from motcua.publish.edition.content import Content

_RULES = {
    "catalog": ("danh mục", "the catalogue"),
    "expectations": ("quy tắc kiểm tra dữ liệu", "the validation rules"),
    "sql": ("cách tính số liệu (SQL)", "how figures are made (SQL)"),
}
_PARTS = {
    "columns": ("tiêu đề các cột", "the headings of columns"),
    "display": ("cách trình bày trang", "how the page is laid out"),
    "index": ("xếp loại, thứ hạng hoặc ghi chú của chỉ số", "class, place or notes of the index"),
    "is_period_over": ("kỳ báo cáo đã kết thúc", "the period is over"),
    "maps": ("bản đồ đơn vị", "the map of units"),
    "not_known": ("chỉ tiêu chưa biết", "figures that are not known"),
    "period": ("tên kỳ báo cáo", "what the period is called"),
    "quarantine": ("bản ghi bị giữ lại để kiểm tra", "records set aside"),
    "report": ("tên báo cáo, căn cứ hoặc cách tính đã nêu", "title, legal source or the note on what is counted"),
    "set_aside": ("bản ghi của kỳ bị giữ lại", "records of the period that are set aside"),
    "sections": ("các mục của biểu", "the sections of the form"),
    "unit": ("tên đơn vị", "what the unit is called"),
}


def cause_text(cause: Content, lang: str) -> str:
    """Say a cause in words, in Vietnamese (`vi`) or English (`en`)."""
    number = cause["edition_no"]
    vi = lang == "vi"
    if cause["kind"] == "versions":
        counts = (cause["new"], cause["changed"], cause["moved_in"], cause["moved_out"])
        if vi:
            words = ("hồ sơ mới", "hồ sơ thay đổi", "hồ sơ chuyển đến", "hồ sơ chuyển đi")
            return "; ".join(f"{n} {word} kể từ ấn bản {number}" for n, word in zip(counts, words, strict=True) if n)
        words = ("new", "changed", "moved in", "moved out")
        told = ", ".join(f"{n} {word}" for n, word in zip(counts, words, strict=True) if n)
        return f"dossier versions since edition {number}: {told}"
    if cause["kind"] == "rules":
        return rules_text(cause["rules"], number, lang)
    if cause["kind"] == "unknown":
        if vi:
            return f"chưa xác định được nguyên nhân so với ấn bản {number}"
        return f"cause not known, compared with edition {number}"
    name = cause["source_name"]
    was, now = (cell_text(cause[end], lang).lower() for end in ("before", "after"))
    if vi:
        return f"nguồn {cause['source_id']} ({name}): ấn bản {number} {was}, nay {now}"
    if cause["kind"] == "source_answered":
        return f"source {cause['source_id']} was {was} in edition {number}"
    return f"source {cause['source_id']} was {was} in edition {number} and is {now} now"


def rules_text(rules: Sequence[str], edition_no: int, lang: str) -> str:
    """Say which rules are others than those an earlier edition was made by."""
    place = 0 if lang == "vi" else 1
    told = ", ".join(_RULES[name][place] if name in _RULES else name for name in rules)
    if lang == "vi":
        return f"quy tắc đã thay đổi kể từ ấn bản {edition_no}: {told}"
    return f"rules that changed since edition {edition_no}: {told}"


def notes(restates: Content, lang: str) -> Iterator[str]:
    """Yield what a restatement tells beside its rows: what else of the content changed, and which rules did.

    An edition that restates by the first software has no `also`, and nothing is said of it.
    """
    vi = lang == "vi"
    for entry in restates.get("also", ()):
        what = _PARTS.get(entry["key"], (entry["key"], entry["key"]))[0 if vi else 1]
        yield f"{'Thay đổi khác' if vi else 'Also changed'}: {what}."
        sentences: Mapping[str, list[str]] = entry.get(lang, {})
        for heading, end in ((("Trước", "Before"), "before"), (("Nay", "Now"), "after")):
            for sentence in sentences.get(end, ()):
                yield f"{heading[0 if vi else 1]}: {sentence}"
    if restates["rules_changed"]:
        told = rules_text(restates["rules_changed"], restates["edition_no"], lang)
        yield f"{told[0].upper()}{told[1:]}."


def is_empty(restates: Content) -> bool:
    """Return whether a restatement tells nothing: neither a figure, nor anything beside."""
    return not restates["rows"] and not list(notes(restates, "vi"))
