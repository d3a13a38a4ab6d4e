"""`motcua keys`: which keys pseudonyms are made with, and whether the overlap of a rotation may end."""

from __future__ import annotations

from motcua.cli.console import print_table, ready_databases
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine


def keys() -> None:
    """Show the ids of the keys in use, and how many dossiers still need a previous one.

    A previous key may go when no dossier, or only closed ones nobody asks about, has no newer reference.
    """
    ready_databases()
    current, *previous = (key_id for key_id, _ in Settings.load().hmac_keys())
    with store_engine().connect() as connection:
        found = {row.key_id: row for row in connection.execute(statement("keys/applicants_by_key"))}
    uses = {current: "in use"} | dict.fromkeys(previous, "previous")
    print_table(
        "Keys of pseudonyms",
        ["key", "use", "dossiers", "of them without a newer reference"],
        [
            (
                key_id,
                uses.get(key_id, "not given"),
                found[key_id].dossier_count if key_id in found else 0,
                found[key_id].unjoined_count if key_id in found and key_id != current else 0,
            )
            for key_id in [*uses, *sorted(found.keys() - uses)]
        ],
    )
