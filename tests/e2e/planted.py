"""Finds planted people in whatever a run leaves behind, however it is stored or spelt."""

from __future__ import annotations

import html
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from motcua.sandbox.world.canary import CANARY, Identity, identities

PEOPLE = (CANARY, *identities())

# What planted strings look like: one search for all of them; what it finds is looked up.
_SHAPES = re.compile(
    r"công tằng tôn nữ \w+ \w+|ton\.nu\.\d{3}\.canary@example\.com|số \d+ đường ngô đồng xác xơ|mk-tonnu-\d{3}"
    r"|(?=(0068\d{6}))|(?=(998084\d{6}))|" + "|".join(re.escape(string.casefold()) for string in CANARY.strings)
)
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){10,}")
_OWNER = {string.casefold(): (person, string) for person in PEOPLE for string in person.strings}


def readings(body: bytes) -> Iterator[str]:
    """Yield a body as text: as it stands, its escapes of JSON and HTML resolved, and what it holds in hexadecimal."""
    text = body.decode(errors="replace")
    yield text
    if _ESCAPE.search(text) or "&#" in text:
        yield html.unescape(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))
    held = b"\n".join(bytes.fromhex(found.decode()) for found in _HEX.findall(body)).decode(errors="replace")
    yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), held)


def strings_in(body: bytes) -> set[tuple[Identity, str]]:
    """Return the planted strings in a body, each with whose it is; in any case and Unicode form."""
    found = set()
    for text in readings(body):
        for match in _SHAPES.finditer(unicodedata.normalize("NFC", text).casefold()):
            shape = match[0] or match[1] or match[2]
            if shape in _OWNER:
                found.add(_OWNER[shape])
    return found


def places_in(bodies: Iterable[tuple[str, bytes]]) -> dict[str, list[str]]:
    """Return the planted strings by the place they stand in; no bodies at all is an error, not a pass."""
    found, count = {}, 0
    for place, body in bodies:
        count += 1
        if here := strings_in(body):
            found[place] = sorted(string for _, string in here)
    assert count
    return found


def files_below(folder: Path, *, without: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield the content of every file, that of Parquet and ZIP unpacked; not what lies in the folders `without`."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).parts[0] not in set(without):
            yield from unpacked(str(path), path.read_bytes())


def unpacked(name: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a file's content, and the rows or files in it."""
    yield name, body
    if name.endswith(".parquet"):
        rows = pq.read_table(io.BytesIO(body)).to_pylist()
        yield f"{name} rows", json.dumps(rows, default=str, ensure_ascii=False).encode()
    elif zipfile.is_zipfile(io.BytesIO(body)):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for inner in archive.namelist():
                yield f"{name}/{inner}", archive.read(inner)
