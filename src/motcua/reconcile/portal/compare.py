"""Types the differences between two sets of counts. Pure: no database, no portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["missing_there", "missing_here", "state", "date", "duplicate", "unit_mapping"]
KINDS_VI: Mapping[Kind, str] = {
    "missing_there": "Cổng DVCQG thiếu",
    "missing_here": "Kho dữ liệu thiếu",
    "state": "Khác trạng thái xử lý",
    "date": "Khác ngày tiếp nhận",
    "duplicate": "Cổng DVCQG đếm trùng",
    "unit_mapping": "Khác đơn vị",
}
Key = tuple[str, str, str]  # unit id, procedure code, metric
Figures = Mapping[Key, int]
RECEIVED = "received"


@dataclass(frozen=True)
class Difference:
    """One figure that differs. `theirs` less `ours` is positive where the portal has more."""

    unit_id: str
    procedure_code: str
    metric: str
    kind: Kind
    ours: int
    theirs: int
    why: str

    @property
    def quantity(self) -> int:
        return self.theirs - self.ours


def compare(
    ours: Figures,
    theirs: Figures,
    *,
    copies: Mapping[tuple[str, str], int] | None = None,
    neighbours: tuple[Figures, ...] = (),
) -> list[Difference]:
    """Return every figure that differs, with the first explanation that fits it exactly.

    1. unit_mapping: another unit differs by as much the other way, for the same procedure and metric, and no third.
    2. duplicate: the portal has more, by exactly the copies we recognised and do not count.
    3. date: the period before or after differs by as much the other way, for the same unit, procedure and metric.
    4. state: what was received agrees, but not what became of it.
    5. missing_here where the portal has more, missing_there where we have.

    What follows from a difference in what was received (later columns of the same unit and procedure that differ by as
    much) is typed like it. A heuristic: counts agree by chance now and then, so `why` says what it rests on.

    Args:
        copies: how many dossiers of a unit and procedure we hold as copies of others, received in the period.
        neighbours: theirs less ours of the periods before and after, as far as known.
    """
    delta = {
        key: theirs.get(key, 0) - ours.get(key, 0)
        for key in ours.keys() | theirs.keys()
        if theirs.get(key, 0) != ours.get(key, 0)
    }
    differences = []
    typed: dict[tuple[str, str], tuple[Kind, str, int]] = {}
    for key in sorted(delta, key=lambda key: (key[2] != RECEIVED, key)):
        unit_id, procedure, metric = key
        like = typed.get((unit_id, procedure))
        if metric != RECEIVED and like is not None and like[2] == delta[key]:
            kind, why = like[0], like[1]
        else:
            kind, why = _type(key, delta, copies or {}, neighbours)
        if metric == RECEIVED:
            typed[unit_id, procedure] = (kind, why, delta[key])
        differences.append(Difference(unit_id, procedure, metric, kind, ours.get(key, 0), theirs.get(key, 0), why))
    return sorted(differences, key=lambda one: (one.unit_id, one.procedure_code, one.metric))


def _type(
    key: Key,
    delta: Mapping[Key, int],
    copies: Mapping[tuple[str, str], int],
    neighbours: tuple[Figures, ...],
) -> tuple[Kind, str]:
    unit_id, procedure, metric = key
    here = delta[key]
    opposite = [
        other[0] for other, quantity in delta.items() if other[1:] == key[1:] and quantity == -here and other != key
    ]
    same = [other for other, quantity in delta.items() if other[1:] == key[1:] and quantity == here]
    if len(opposite) == 1 and len(same) == 1:
        return "unit_mapping", f"{opposite[0]} differs by {-here:+d}"
    if here > 0 and copies.get((unit_id, procedure), 0) == here:
        return "duplicate", f"{here} copies are recognised here"
    for neighbour in neighbours:
        if neighbour.get(key, 0) == -here:
            return "date", f"a neighbouring period differs by {-here:+d}"
    if metric != RECEIVED and (unit_id, procedure, RECEIVED) not in delta:
        return "state", "as many received, another outcome"
    return ("missing_here", "only the portal counts them") if here > 0 else ("missing_there", "only we count them")
