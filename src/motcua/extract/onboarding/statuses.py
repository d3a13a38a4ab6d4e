"""What a word of a list of statuses or channels seems to mean. Every answer is a guess for a person to confirm.

A status word is read phrase by phrase, the longest first. What says done and open at once, or has a word that nothing
here explains beside `đã`, is not guessed: an open status of a dossier that was done would count it as waiting. Words
that only say whether it was in time (đúng hạn, quá hạn) mean nothing alone; after a bare `giải quyết` they are the
words of form II.06a for what was done (TT 01/2020/TT-VPCP).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from motcua.spelling import fold

DONE = frozenset({9, 10})
OPEN = frozenset({1, 2, 4, 5, 6})
_TIMES = ("trước hạn", "trước thời hạn", "đúng hạn", "sớm hạn", "quá hạn", "trễ hạn", "chậm hạn", "muộn hạn", "trễ",
          "trước ngày hẹn", "đúng ngày hẹn", "quá ngày hẹn", "sau hạn")  # fmt: skip
_NOTHING, _WAITS, _NOT_RETURNED, _NOT_KNOWN = 0, -1, -2, -3
_STATUSES: dict[int, tuple[str, ...]] = {
    1: ("mới đăng ký", "mới nộp", "mới", "chưa tiếp nhận", "chờ tiếp nhận"),
    2: ("đã tiếp nhận", "được tiếp nhận", "mới tiếp nhận", "tiếp nhận"),
    3: ("không tiếp nhận", "không được tiếp nhận", "từ chối tiếp nhận", "từ chối"),
    4: ("đang", "đang xử lý", "đang giải quyết", "chờ xử lý", "chờ giải quyết", "chờ", "chưa", "chưa xử lý",
        "chưa xử lý xong", "chưa giải quyết", "chưa giải quyết xong", "chưa xong", "chưa hoàn thành", "chưa kết thúc",
        "chưa có kết quả", "chưa hoàn tất"),
    5: ("bổ sung", "yêu cầu bổ sung", "chờ bổ sung", "đang bổ sung", "đang chờ bổ sung", "cần bổ sung"),
    6: ("nghĩa vụ tài chính", "thực hiện nghĩa vụ tài chính", "chờ nộp thuế", "chờ nộp phí"),
    7: ("rút", "đã rút", "xin rút", "yêu cầu rút"),
    8: ("dừng", "dừng xử lý", "dừng giải quyết", "đã dừng", "huỷ", "đã huỷ"),
    9: ("đã xử lý", "đã xử lý xong", "đã giải quyết", "đã giải quyết xong", "đã hoàn thành", "hoàn thành", "đã xong",
        "xong", "đã có kết quả", "hoàn tất", "đã hoàn tất", "kết thúc", "đã kết thúc", "xử lý xong", "giải quyết xong",
        *(f"{verb} {time}" for verb in ("giải quyết", "xử lý") for time in _TIMES)),
    10: ("đã trả", "đã trả kết quả", "trả kết quả", "đã nhận kết quả", "đã giao kết quả",
         *(f"trả {time}" for time in _TIMES), *(f"trả kết quả {time}" for time in _TIMES)),
    _WAITS: ("chờ trả", "chờ trả kết quả", "chờ nhận kết quả", "chờ giao kết quả"),
    _NOT_RETURNED: ("chưa trả", "chưa trả kết quả", "chưa nhận kết quả"),
    _NOT_KNOWN: ("đã", "xử lý", "giải quyết", "từ chối giải quyết", "không giải quyết", "không đủ điều kiện",
                 "tạm dừng", "đã bổ sung", "trả", "trả lại", "đã trả lại", "trả hồ sơ", "đã trả hồ sơ", "trả lại hồ sơ",
                 "đã trả lại hồ sơ", "không", "phục hồi", "có kết quả"),
    _NOTHING: (*_TIMES, "trong hạn", "chưa đến hạn", "chưa tới hạn", "chưa quá hạn", "không quá hạn", "còn hạn"),
}  # fmt: skip
_CHANNELS: dict[int, tuple[str, ...]] = {
    2: ("trực tuyến", "online", "qua mạng", "mạng", "dvc", "cổng dvc"),
    3: ("bưu chính", "bưu điện", "bưu cục", "bcci", "qua bưu"),
    1: ("trực tiếp", "một cửa", "tại quầy", "tại bộ phận"),
}
_BETWEEN = re.compile(r"[^\w\s]+|_")


def bare(name: str) -> str:
    """Return what is the same for `Mã hồ sơ`, `MA_HO_SO` and `MaHoSo`: letters and digits without marks and case."""
    plain = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    return "".join(letter for letter in plain if letter.isalnum())


def status_of(word: str) -> int | None:
    """Return the national code that a status word seems to mean; None where it cannot be told."""
    codes = _meanings(word, "status") - {_NOTHING}
    waits, others = codes & {_WAITS, _NOT_RETURNED}, codes - {_WAITS, _NOT_RETURNED}
    if _NOT_KNOWN in others:
        return None
    if waits:
        if not others - {9} and (9 in others or waits == {_WAITS}):
            return 9
        return 4 if others == {4} and waits == {_NOT_RETURNED} else None
    if others == {9, 10}:
        return 10
    if others > {4} and len(others) == 2 and others & {2, 5, 6}:
        return 4 if 2 in others else max(others)
    return next(iter(others)) if len(others) == 1 else None


def channel_of(word: str) -> int | None:
    """Return the channel that a word seems to mean; None where it cannot be told."""
    codes = _meanings(word, "channel")
    return next(iter(codes)) if len(codes) == 1 else None


def national_codes(words: Iterable[str], last: int) -> Mapping[str, int]:
    """Return what each word means where all are numbers of a national list of `last` codes; nothing otherwise."""
    numbers = {word: int(word) for word in map(_plain, words) if word.isdecimal() and 1 <= int(word) <= last}
    return numbers if len(numbers) == len({_plain(word) for word in words}) else {}


def _plain(word: Any) -> str:
    return str(word).strip().removesuffix(".0")


@lru_cache(maxsize=4)
def _phrases(kind: str, *, is_ascii: bool) -> dict[tuple[str, ...], int]:
    table = _STATUSES if kind == "status" else _CHANNELS
    spelled = bare if is_ascii else fold
    return {tuple(map(spelled, phrase.split(" "))): code for code, phrases in table.items() for phrase in phrases}


def _meanings(word: str, kind: str) -> set[int]:
    """Return the codes of the phrases of a word, the longest first; none of syllables that no phrase has.

    No phrase goes over a comma, a dash or a bracket: `Đang, giải quyết trễ hạn` says two things.
    """
    spelled = bare if word.isascii() else fold
    phrases = _phrases(kind, is_ascii=word.isascii())
    longest = max(map(len, phrases))
    found: set[int] = set()
    for segment in _BETWEEN.split(unicodedata.normalize("NFC", word)):
        parts = tuple(map(spelled, segment.split()))
        position = 0
        while position < len(parts):
            lengths = range(min(longest, len(parts) - position), 0, -1)
            length = next((one for one in lengths if parts[position : position + one] in phrases), 0)
            if length:
                found.add(phrases[parts[position : position + length]])
            position += length or 1
    return found
