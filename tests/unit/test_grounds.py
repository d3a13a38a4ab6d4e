"""Why a record is set aside, as a waiver has to name it."""

from __future__ import annotations

import pytest

from motcua.ledger import DossierSetAside


@pytest.mark.parametrize(
    ("rules", "unread", "fields", "grounds"),
    [
        (("V1", "V4"), None, (), ("V1", "V4")),
        (("V0",), "due_at: not dd/MM/yyyy", ("due_at",), ("V0 due_at",)),
        (
            ("V0", "V1"),
            "due_at: a; channel_code: b: c",
            ("due_at", "channel_code"),
            ("V1", "V0 due_at", "V0 channel_code"),
        ),
        (("V1",), "due_at: read by nobody", ("due_at",), ("V1",)),
    ],
)
def test_what_was_not_read_is_a_ground_by_its_field(
    rules: tuple[str, ...], unread: str | None, fields: tuple[str, ...], grounds: tuple[str, ...]
) -> None:
    record = DossierSetAside(1, "s", "u", "H59", "1", rules, unread)
    assert (record.unread_fields, record.grounds) == (fields, grounds)
