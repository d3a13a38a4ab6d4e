"""Records that must never count: copies, children at other agencies, deleted, broken, refused, drafts, and dossiers
outside the period."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from motcua.sandbox.world.canary import PLANTED
from motcua.sandbox.world.columns import STATUS, Columns, Kind, NumberStyle, stack
from motcua.sandbox.world.draw import Setting
from motcua.sandbox.world.nights import RECENT_DAYS, UNKNOWN_UNIT, break_rule
from motcua.sandbox.world.scenario import Scenario
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints, day_number

BROKEN_RULES = (1, 2, 3, 4, 7, 9, 11)
HIDDEN_ORIGINALITY = -3
CHILD_ORIGINALITY = 2
CORRECTED_BY = 3  # the night on which the broken records are corrected


def draw_noise(rng: np.random.RandomState, setting: Setting, dossiers: Columns) -> Columns:
    """Return the noise records as they stand until night 2. `draw_copies_and_children` returns the others.

    Args:
        dossiers: those received in the period; the noise records take their unit, procedure and dates from them.
    """
    wanted = setting.scenario.noise
    is_usable = (dossiers.status == STATUS["done"]) & (dossiers.number_style == NumberStyle.RULE)
    received = dossiers.received // DAY_SECONDS
    returned = np.flatnonzero(is_usable & (received >= day_number(setting.scenario.from_date)))
    lately = np.flatnonzero(is_usable & (received > day_number(setting.scenario.to_date) - RECENT_DAYS))

    def sample(kind: Kind, count: int) -> Columns:
        # A broken record is corrected later, so a later pull must ask for it again.
        among = lately if kind == Kind.BROKEN else returned
        rows = among[rng.randint(0, len(among), count)]
        return replace(dossiers.take(rows), kind=np.full(count, kind, np.int64))

    deleted = replace(sample(Kind.DELETED, wanted.deleted), originality=np.full(wanted.deleted, HIDDEN_ORIGINALITY))
    parts = [
        deleted,
        _break(sample(Kind.BROKEN, wanted.broken)),
        _refuse(rng, sample(Kind.NOT_ACCEPTED, wanted.not_accepted)),
        _never_sent(sample(Kind.DRAFT, wanted.drafts)),
        _outside(rng, setting, sample(Kind.OUTSIDE, wanted.outside_period)),
    ]
    return stack(parts)


def _break(columns: Columns) -> Columns:
    """Break the rules in turn. Rule 9 (a number used twice) needs two records at a time."""
    turn = np.arange(len(columns)) % (len(BROKEN_RULES) + 1)
    rules = np.array([*BROKEN_RULES, 9])[np.where(turn == len(BROKEN_RULES), BROKEN_RULES.index(9), turn)]
    rules = np.sort(rules, kind="stable")
    if np.count_nonzero(rules == 9) % 2:
        rules[np.flatnonzero(rules == 9)[-1]] = 11
    for rule in BROKEN_RULES:
        columns = break_rule(columns, np.flatnonzero(rules == rule), rule)
    pairs = np.flatnonzero(rules == 9)
    # The second record of a pair has the unit, the day of reception and the number of the first.
    twice = columns.take(pairs[::2])
    columns = columns.with_values(pairs[1::2], group=twice.group, unit=twice.unit, procedure=twice.procedure,
                                  received=twice.received, due=twice.due, released=twice.released,
                                  finished=twice.finished, submitted=twice.submitted,
                                  created=twice.created + 60)  # fmt: skip
    without_number = np.flatnonzero(rules == 1)[::2]
    procedures = np.maximum(columns.procedure[without_number], 0)
    return columns.with_values(without_number, number_style=NumberStyle.MISSING, procedure=procedures)


def correct_broken(columns: Columns, scenario: Scenario) -> Columns:
    """Return the records of night 2 as the offices have corrected the broken ones on the day after it.

    Each gets a handling unit, a procedure and a number of its own, and is refused at the desk, so that it never counts.
    """
    rows = np.flatnonzero(columns.kind == Kind.BROKEN)
    corrected_at = scenario.second_of_night(CORRECTED_BY) - 12 * 3600 + rows % 3_600
    zeros = np.zeros(len(rows), np.int64)
    return columns.with_values(
        rows,
        broken=zeros,
        unit=columns.group[rows],
        procedure=np.maximum(columns.procedure[rows], 0),
        number_of=rows,
        fee=np.maximum(columns.fee[rows], 0),
        due=zeros,
        released=corrected_at,
        finished=corrected_at,
        modified=corrected_at,
        status=STATUS["not_accepted"],
    )


def _refuse(rng: np.random.RandomState, columns: Columns) -> Columns:
    """Return dossiers refused at the desk: half have a day of reception, half do not."""
    at = columns.received + 1_800
    received = np.where(rng.rand(len(columns)) < 0.5, columns.received, 0)
    style = np.where(received > 0, NumberStyle.RULE, NumberStyle.MISSING)
    zeros = np.zeros(len(columns), np.int64)
    status = np.full(len(columns), STATUS["not_accepted"])
    return replace(columns, received=received, due=zeros, released=at, finished=at, status=status, number_style=style)


def _never_sent(columns: Columns) -> Columns:
    zeros = np.zeros(len(columns), np.int64)
    return replace(columns, received=zeros, due=zeros, released=zeros, finished=zeros,
                   status=np.full(len(columns), STATUS["new"]),
                   number_style=np.full(len(columns), NumberStyle.MISSING))  # fmt: skip


def _outside(rng: np.random.RandomState, setting: Setting, columns: Columns) -> Columns:
    """Return dossiers just outside the period: half received and closed on the two days before it, half received in
    the first hour after it.

    Both are within the ±1 day that a client must request. In GMT the second half is on the period's last day.
    """
    size = len(columns)
    first, last = day_number(setting.scenario.from_date), day_number(setting.scenario.to_date)
    before = np.arange(size) % 2 == 0
    day = np.where(before, first - 1 - (np.arange(size) // 2) % 2, last + 1)
    received = day * DAY_SECONDS + np.where(before, rng.randint(27_000, 50_000, size), rng.randint(300, 3_000, size))
    released = np.where(before, received + rng.randint(600, 9_000, size), 0)
    return replace(
        columns,
        received=received,
        submitted=received - 120,
        created=received - 60,
        due=(day + np.where(before, 0, 5)) * DAY_SECONDS + 17 * 3600,
        released=released,
        finished=released,
        online=~before | columns.online,
        status=np.where(before, STATUS["done"], STATUS["receiving"]),
    )


def draw_copies_and_children(
    rng: np.random.RandomState, setting: Setting, final: Columns, first: Columns
) -> tuple[Columns, Columns]:
    """Return further records of the same dossiers, on night 2 and night 1: public copies with originality 0 in the same
    system, and liên thông children at another agency, which the default list does not show."""
    wanted = setting.scenario.noise
    dossiers = np.flatnonzero(final.kind == Kind.DOSSIER)
    copied = dossiers[rng.randint(0, len(dossiers), wanted.public_copies)]
    parents = dossiers[rng.randint(0, len(dossiers), wanted.interagency_children)]
    delay = rng.randint(60, 900, len(copied))
    others = (final.group[parents] + 1 + rng.randint(0, max(len(setting.levels) - 1, 1), len(parents))) % len(
        setting.levels
    )

    def of_night(night: Columns) -> Columns:
        copies = night.take(copied)
        copies = replace(
            copies,
            kind=np.full(len(copied), Kind.COPY, np.int64),
            created=copies.created + delay,
            originality=np.zeros(len(copied), np.int64),
            number_of=copied,
        )
        children = night.take(parents)
        children = replace(
            children,
            kind=np.full(len(parents), Kind.CHILD, np.int64),
            created=children.created + 7_200,
            originality=np.full(len(parents), CHILD_ORIGINALITY),
            origin=parents,
            number_of=parents,
            group=others,
            unit=np.where(children.unit == UNKNOWN_UNIT, UNKNOWN_UNIT, others),
        )
        return stack([copies, children])

    return of_night(final), of_night(first)


def plant(columns: Columns) -> Ints:
    """Return the people of the records, including the planted ones.

    The canary is in every system and in every kind of record. Each of the other planted identities has a dossier.
    """
    person = columns.person.copy()
    person[::397] = 0
    for column in (columns.group, columns.kind, columns.broken, columns.status):
        person[np.unique(column, return_index=True)[1]] = 0
    free = np.flatnonzero((person != 0) & (columns.kind == Kind.DOSSIER))
    planted = min(PLANTED, len(free))
    person[free[np.arange(planted) * len(free) // planted]] = -np.arange(1, planted + 1)
    return np.where(columns.kind == Kind.COPY, person[columns.number_of], person)
