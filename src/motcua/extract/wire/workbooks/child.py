"""Reads a workbook in a process of its own, which may use so much memory and no more. It knows nothing of motcua.

It is run by its path, so that it starts in a moment. Argument: the most bytes of address space. In on stdin: the length
of the body as 8 bytes, the body, then the numbers of sheets as 4 bytes each, one whenever a sheet is wanted. Out on
stdout: pickles, each after its length as 8 bytes. First what the workbook has, or the name of the error. Then of each
wanted sheet its extent and merged cells, its rows in parts, and None at its end.
"""

from __future__ import annotations

import io
import pickle
import resource
import struct
import sys
from datetime import time, timedelta
from typing import Any, BinaryIO

_ROWS_A_PART = 2_000


def main(most_bytes: int, given: BinaryIO, out: BinaryIO) -> None:
    """Answer the process that started this one until it asks for nothing more."""
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import python_calamine as calamine

    def send(said: object) -> None:
        body = pickle.dumps(said, protocol=5)
        out.write(struct.pack(">Q", len(body)))
        out.write(body)
        out.flush()

    body = given.read(struct.unpack(">Q", given.read(8))[0])
    try:
        workbook = calamine.load_workbook(io.BytesIO(body))
        kinds = [
            (
                one.name,
                one.typ == calamine.SheetTypeEnum.WorkSheet and one.visible == calamine.SheetVisibleEnum.Visible,
            )
            for one in workbook.sheets_metadata
        ]
    except MemoryError:
        raise
    except BaseException as error:  # what the reader cannot read, and what it panics at
        return send(type(error).__name__)
    send(kinds)
    while asked := given.read(4):
        sheet = workbook.get_sheet_by_index(struct.unpack(">I", asked)[0])
        send((sheet.start, sheet.end, sheet.merged_cell_ranges or []))
        part: list[list[Any]] = []
        values = _Values()
        for row in sheet.iter_rows() if sheet.start is not None else ():
            has_bool = bool in set(map(type, row))  # True is equal to 1
            part.append([_value(value) if has_bool else values[value] for value in row])
            if len(part) == _ROWS_A_PART:
                send((values.has_formula, part))
                part, values = [], _Values()
        send((values.has_formula, part))
        send(None)


class _Values(dict[Any, Any]):
    """The values of some rows, each once, which is sent in a third of the time."""

    has_formula = False

    def __missing__(self, given: Any) -> Any:
        value = self[given] = _value(given)
        self.has_formula |= type(value) is str and value[0] == "="
        return value


def _value(value: Any) -> Any:
    if type(value) is str:
        return value.strip() or None
    if type(value) is float and value.is_integer():  # Excel has no integers
        return int(value)
    return str(value) if type(value) is time or type(value) is timedelta else value


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
