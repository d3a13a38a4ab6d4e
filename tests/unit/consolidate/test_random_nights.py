"""Whatever two sites say night after night, each dossier counts once, and increments equal a recompute."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.store_world import COMMUNE, OTHER_COMMUNE, SOURCE, dossier, let_a_night_pass, validated_batch

from motcua import ledger
from motcua.aggregate import build_measures, check_measures
from motcua.consolidate import consolidate_batches
from motcua.warehouse import store_engine

pytestmark = pytest.mark.usefixtures("databases")

SITES = {SOURCE: ("84110", COMMUNE, "000.01.21.H59"), "tra-vinh.centre": ("84100", OTHER_COMMUNE, "000.00.00.H59")}
DOSSIERS = 12


@pytest.mark.parametrize("seed", [3, 11, 29])
def test_nothing_is_lost_and_nothing_is_doubled(seed: int) -> None:
    rng = random.Random(seed)
    held: dict[str, dict[str, dict[str, Any]]] = {source_id: {} for source_id in SITES}  # what each site holds now
    gone: dict[str, set[str]] = {source_id: set() for source_id in SITES}  # what it has deleted
    changes = itertools.count()  # a source's modified times rise
    waiting: list[tuple[str, str]] = []  # batches pulled and not loaded yet, in order

    def change(source_id: str) -> None:
        agency, unit_id, unit_code = SITES[source_id]
        for number in rng.sample(range(DOSSIERS), 4):
            dossier_id = str(number)
            if dossier_id in held[source_id] and rng.random() < 0.3:
                del held[source_id][dossier_id]
                gone[source_id].add(dossier_id)
                continue
            gone[source_id].discard(dossier_id)
            is_open = rng.random() < 0.5
            held[source_id][dossier_id] = dossier(
                dossier_id,
                agency_code=agency,
                unit_id=unit_id,
                unit_code=unit_code,
                dossier_no=f"{rng.choice(list(SITES.values()))[2] if rng.random() < 0.1 else '000.01.21.H59'}-{number}",
                reference_uid=f"uid-{number}",
                status_code=4 if is_open else 10,
                finished_at=None if is_open else datetime(2023, 10, rng.randint(3, 20)),
                modified_at=datetime(2023, 10, 1) + timedelta(hours=next(changes)),
            )

    def pull(source_id: str) -> None:
        deleted = sorted(gone[source_id])
        half = len(deleted) // 2
        aside = [
            dossier(key, agency_code=SITES[source_id][0], disposition_reason="soft_deleted", status_code=None)
            for key in deleted[:half]
        ]
        facts = {"pulled": {"unknown_by_id": deleted[half:]}, "absence_is_proof": True}
        waiting.append(
            (source_id, validated_batch(list(held[source_id].values()), source_id=source_id, aside=aside, facts=facts))
        )

    for _ in range(14):
        source_id = rng.choice(list(SITES))
        change(source_id)
        pull(source_id)
        if rng.random() < 0.6:
            rng.shuffle(waiting)  # batches may load in another order than they were pulled
            batch_ids = [batch_id for _, batch_id in waiting]
            assert consolidate_batches(batch_ids).failed == []
            waiting.clear()
        if rng.random() < 0.5:
            build_measures()
    for _ in range(2):  # the second time each deletion is proven
        for source_id in SITES:
            pull(source_id)
        assert consolidate_batches([batch_id for _, batch_id in waiting]).failed == []
        waiting.clear()
        let_a_night_pass()
    check_measures()

    numbers = {record["dossier_no"] for site in held.values() for record in site.values()}
    with store_engine().connect() as connection:
        received = dict(
            connection.execute(
                text(
                    "select known.dossier_no, sum(quantity)::int from dossier_contribution join dossier_version known"
                    " using (version_id) where dossier_contribution.known_to is null and measure like 'received%'"
                    " group by 1"
                )
            ).all()
        )
        overlapping = connection.scalar(text("select count(*) from dossier_version where known_to < known_from"))
        batches = ledger.read_batches(
            list(connection.scalars(text("select batch_id from batch where state = 'loaded'")))
        )
    assert received == dict.fromkeys(numbers, 1)
    assert overlapping == 0
    for batch in batches:
        fates = (
            batch.new_count,
            batch.changed_count,
            batch.unchanged_count,
            batch.stale_count,
            batch.duplicate_count,
            batch.quarantined_count,
        )
        assert batch.pulled_count == sum(fate or 0 for fate in fates)
