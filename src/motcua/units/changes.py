"""What names and codes tell of the changes between mid-2022 and the eve of the reform, for which there is no list.

In: the lists of both days. Out: who took over from a unit that vanished, each with the reason. Never: a guess that
is not marked as one, nor one made where the names leave a choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from motcua.spelling import fold
from motcua.units.lists import Listed

_TYPES = tuple(fold(kind) for kind in ("thị trấn", "phường", "xã"))


@dataclass(frozen=True)
class Heir:
    code: str
    reason: str


@dataclass(frozen=True)
class Changes:
    """The units of two days compared, by code."""

    before: Mapping[str, Listed]
    eve: Mapping[str, Listed]

    @cached_property
    def moved(self) -> dict[str, str]:
        """Communes that stand under another district than before: code, and the district before."""
        return {
            code: unit.parent_code
            for code, unit in self.before.items()
            if code in self.eve and self.eve[code].parent_code != unit.parent_code
        }

    @cached_property
    def moves(self) -> dict[str, Counter[str]]:
        """How many communes of a district now stand under which others."""
        found: dict[str, Counter[str]] = {}
        for code, district in self.moved.items():
            found.setdefault(district, Counter())[self.eve[code].parent_code] += 1
        return found

    def vanished(self, level: str) -> list[str]:
        return [code for code, unit in self.before.items() if unit.level == level and code not in self.eve]

    def district_heir(self, code: str) -> Heir:
        """The district under which most communes of a vanished district stand later."""
        [(heir, count)] = self.moves[code].most_common(1)
        return Heir(heir, f"{count} of its communes stand under the heir in the later list")

    @cached_property
    def commune_heirs(self) -> dict[str, Heir]:
        """Who took over each vanished commune: a commune when its name says so, else the district it lay in."""
        found = self._by_name_kept()
        found |= self._by_name_composed({heir.code for heir in found.values()} | set(found))
        for code in self.vanished("commune"):
            if code not in found:
                district = self.before[code].parent_code
                heir = district if district in self.eve else self.district_heir(district).code
                found[code] = Heir(heir, "")
        return found

    def _by_name_kept(self) -> dict[str, Heir]:
        """A commune nearby took the vanished one's name: `Phường 4` is called `Phường 2` since there is no other."""
        claims = {
            code: [
                other
                for other in self._renamed_near(code)
                if words(self.eve[other].name) == words(self.before[code].name)
            ]
            for code in self.vanished("commune")
        }
        asked = Counter(others[0] for others in claims.values() if len(others) == 1)
        return {
            code: Heir(others[0], "the heir bears its name in the later list")
            for code, others in claims.items()
            if len(others) == 1 and asked[others[0]] == 1
        }

    def _by_name_composed(self, settled: Set[str]) -> dict[str, Heir]:
        """A new name joins words of the old one and of one vanished neighbour: `Sao Đại Việt` of `Bồ Sao`."""
        vanished = [code for code in self.vanished("commune") if code not in settled]
        gives: dict[str, set[str]] = {}
        for heir in {other for code in vanished for other in self._renamed_near(code)} - settled:
            if heir not in self.before:
                continue
            old, new = set(words(self.before[heir].name)), set(words(self.eve[heir].name))
            if not old & new:
                continue
            for word in new - old:
                givers = [code for code in vanished if heir in self._renamed_near(code) and word in self._words(code)]
                if len(givers) == 1 and not self._gave_up(word, heir):
                    gives.setdefault(givers[0], set()).add(heir)
        return {
            code: Heir(heirs.pop(), "the heir's later name joins words of both names")
            for code, heirs in sorted(gives.items())
            if len(heirs) == 1
        }

    def _gave_up(self, word: str, heir: str) -> bool:
        """Whether a neighbour that lives on under another name may have given the word instead."""
        neighbours = self._renamed_by_district[self.eve[heir].parent_code] - {heir}
        return any(code in self.before and word in self._words(code) for code in neighbours)

    def _words(self, code: str) -> Sequence[str]:
        return words(self.before[code].name)

    def _renamed_near(self, code: str) -> Set[str]:
        """Communes of the eve, with a name they had not before, in the districts that hold the old district's land."""
        district = self.before[code].parent_code
        if district not in self._near:
            lands = {district, *self.moves.get(district, ())}
            self._near[district] = {other for land in lands for other in self._renamed_by_district.get(land, ())}
        return self._near[district]

    @cached_property
    def _near(self) -> dict[str, Set[str]]:
        return {}

    @cached_property
    def _renamed_by_district(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for code, unit in self.eve.items():
            former = self.before.get(code)
            if unit.level == "commune" and (former is None or words(former.name) != words(unit.name)):
                found.setdefault(unit.parent_code, set()).add(code)
        return found


def words(name: str) -> tuple[str, ...]:
    """Return the words of a commune's name without its type, whatever their spelling: of `Xã Hoà An` hòa and an."""
    folded = fold(name)
    kind = next((kind for kind in _TYPES if folded.startswith(kind + " ")), "")
    return tuple(word.lstrip("0") for word in folded.removeprefix(kind).split())
