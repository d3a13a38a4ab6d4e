"""Puts tables of petitions into a catalogue of their own and takes them in, as the command does."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from motcua import ledger
from motcua.catalog import load_catalog
from motcua.consolidate import consolidate_batches
from motcua.extract import NO_CONNECTION, extract_batches
from motcua.settings import PROJECT_ROOT, Settings
from motcua.validate import validate_batches
from motcua.warehouse import store_engine

HEADINGS = ("Mã PAKN", "Người gửi", "Nội dung", "Đơn vị", "Ngày nhận", "Hạn xử lý", "Ngày xử lý", "Công khai", "Loại",
            "Đối tượng", "Hài lòng", "Phản ánh lại")  # fmt: skip
SOURCE_ID = "tra-vinh.petitions"
CITY, WARD, OTHER_WARD = "842:2020", "29236:2020", "29239:2020"
SOURCE = """
source_id: {source_id}
path: {folder}/*.csv
unit_id: "{unit_id}"
valid_from: 2020-01-01
columns: {{petition_id: Mã PAKN, unit: Đơn vị, received_on: Ngày nhận, due_on: Hạn xử lý, handled_on: Ngày xử lý,
          published_on: Công khai, kind: Loại, about: Đối tượng, is_satisfied: Hài lòng, is_repeated: Phản ánh lại}}
words:
  kind: {{Hành vi hành chính: behaviour, Quy định hành chính: regulation, Việc khác: other}}
  about: {{Thủ tục: procedure, Cán bộ: official}}
  is_satisfied: {{Có: true, Không: false}}
  is_repeated: {{Có: true, Không: false}}
"""
_runs = itertools.count(1)


def make_catalog(folder: Path) -> Path:
    """Make a catalogue folder that has the shipped files and no petitions yet."""
    shipped = PROJECT_ROOT / "include" / "catalog"
    folder.mkdir()
    for path in shipped.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "petitions").mkdir()
    return folder


def add_source(catalog: Path, source_id: str = SOURCE_ID, unit_id: str = CITY) -> Path:
    """Add a source of petitions; return the folder its files are dropped in."""
    entry = SOURCE.format(source_id=source_id, unit_id=unit_id, folder=f"drop-{source_id}")
    (catalog / "petitions" / f"{source_id}.yaml").write_text(entry, encoding="utf-8")
    folder = catalog / f"drop-{source_id}"
    folder.mkdir(exist_ok=True)
    return folder


def row(number: str, **values: str) -> dict[str, str]:
    """A petition received on 2 October 2023 with a text and a person that nobody may read; `values` by heading."""
    known = {"Mã PAKN": f"PAKN-{number}", "Người gửi": "NGUYỄN VĂN MẪU", "Nội dung": "gọi 0912345678",
             "Ngày nhận": "02/10/2023", "Loại": "Hành vi hành chính"}  # fmt: skip
    return known | {key.replace("_", " "): value for key, value in values.items()}


def drop(folder: Path, *rows: dict[str, str], name: str = "1.csv", on: date | None = None) -> None:
    """Write a table, as if it had been dropped at noon of a day."""
    lines = [",".join(HEADINGS), *(",".join(row.get(heading, "") for heading in HEADINGS) for row in rows)]
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    if on is not None:
        noon = datetime(on.year, on.month, on.day, 5, tzinfo=UTC).timestamp()
        os.utime(path, (noon, noon))


def pull(source_id: str = SOURCE_ID, *, day: date = date(2023, 10, 31)) -> ledger.Batch:
    """Read the files of a source into landing in the night of a day; return its batch."""
    catalog = load_catalog(Settings.load().catalog_dir)
    [[batch_id]] = ledger.plan_run(
        catalog, f"petitions-{next(_runs)}", day, record_kind="petition", source_ids=[source_id]
    )
    extract_batches([batch_id], lambda connection_id: NO_CONNECTION)
    return ledger.read_batches([batch_id])[0]


def take(source_id: str = SOURCE_ID, *, day: date = date(2023, 10, 31)) -> ledger.Batch:
    """Take in the files of a source in the night of a day; return what became of its batch."""
    batch_id = pull(source_id, day=day).batch_id
    validate_batches([batch_id], now=datetime(day.year, day.month, day.day) + timedelta(days=1))
    consolidate_batches([batch_id])
    return ledger.read_batches([batch_id])[0]


def contributions() -> dict[str, str]:
    """Return what the petitions known now contribute, as {measure: day}."""
    with store_engine().connect() as connection:
        rows = connection.execute(
            text("select measure, on_day::text from petition_contribution where known_to is null")
        )
        return {measure.removeprefix("petition_"): day for measure, day in rows}


def versions() -> list[tuple[str, str | None, bool]]:
    """Return the versions of petitions: id, day handled, whether it is the current one."""
    with store_engine().connect() as connection:
        rows = connection.execute(
            text("select petition_id, handled_on::text, known_to is null from petition_version order by version_id")
        )
        return [tuple(row) for row in rows]


@contextmanager
def emptied(catalog: Path) -> Iterator[Path]:
    """Yield a catalogue without sources of petitions, whatever an earlier test put there."""
    for path in (catalog / "petitions").iterdir():
        path.unlink()
    for folder in catalog.glob("drop-*"):
        for path in folder.iterdir():
            path.unlink()
    yield catalog
