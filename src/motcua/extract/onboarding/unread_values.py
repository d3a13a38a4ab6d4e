"""What stood in the cells that a pull could not read, for a person: as far as landing has kept it."""

from __future__ import annotations

from collections.abc import Collection

import orjson
import pyarrow.compute as pc

from motcua import landing, ledger
from motcua.catalog import Catalog
from motcua.errors import ContractBroken
from motcua.extract.onboarding.profile import feeds_of
from motcua.extract.records.as_sent import said
from motcua.extract.records.mapping import mapping_of


def unread_values(
    catalog: Catalog, source_id: str, batch_id: str, record_no: int | None, fields: Collection[str]
) -> list[tuple[str, str, str]]:
    """Return the field, the column and the cell of each of these fields of one record; nothing of what is not kept.

    Args:
        record_no: the place of the record in its pull.
        fields: canonical fields that could not be read.
    """
    source, batches = catalog.source_by_id.get(source_id), ledger.read_batches([batch_id])
    if source is None or record_no is None or not batches or not fields:
        return []
    try:
        records = landing.read_records(batches[0].landing_uri, batches[0].manifest_sha256)
    except (ContractBroken, OSError):  # it is not kept any more
        return []
    rows = records.filter(pc.equal(records["record_no"], record_no))["as_sent"].to_pylist()
    if not rows or rows[0] is None:
        return []
    cells = orjson.loads(rows[0])
    return [
        (field, key, said(cells[key]) or "")
        for key, feeds in feeds_of(mapping_of(catalog.folder, source)).items()
        for field in feeds
        if field in fields and key in cells
    ]
