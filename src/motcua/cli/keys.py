"""`motcua keys`: the keys of pseudonyms, and whether the overlap of a rotation may end."""

from __future__ import annotations

from motcua.cli.console import print_table, ready_databases
from motcua.settings import Settings
from motcua.warehouse import statement, store_engine


def keys() -> None:
    """Show the ids of the keys in use, and how many dossiers still need a previous key.

    A previous key may be removed when no dossier lacks a newer reference, or only closed dossiers that are not needed
    any more.
    """
    ready_databases()
    current, *previous = (key_id for key_id, _ in Settings.load().hmac_keys())
    with store_engine().connect() as connection:
        counts_by_key = {row.key_id: row for row in connection.execute(statement("keys/applicants_by_key"))}
    uses = {current: "in use"} | dict.fromkeys(previous, "previous")
    print_table(
        "Keys of pseudonyms",
        ["key", "use", "dossiers", "without a newer reference"],
        [
            (
                key_id,
                uses.get(key_id, "not given"),
                counts_by_key[key_id].dossier_count if key_id in counts_by_key else 0,
                counts_by_key[key_id].unjoined_count if key_id in counts_by_key and key_id != current else 0,
            )
            for key_id in [*uses, *sorted(counts_by_key.keys() - uses)]
        ],
    )
