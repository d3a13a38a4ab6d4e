"""Successions between mid-2022 and the eve of the reform, inferred from names and codes because there is no list.

In: the lists of both days. Out: the heir of each unit that vanished, with the reason. Never: a guess that is not marked
as a guess, or a guess where the names allow more than one heir.
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
        """Communes that are under another district than before: the former district by commune code."""
        return {
            code: unit.parent_code
            for code, unit in self.before.items()
            if code in self.eve and self.eve[code].parent_code != unit.parent_code
        }

    @cached_property
    def moves(self) -> dict[str, Counter[str]]:
        """For each former district, the number of its communes under each new district."""
        counts: dict[str, Counter[str]] = {}
        for code, district in self.moved.items():
            counts.setdefault(district, Counter())[self.eve[code].parent_code] += 1
        return counts

    def vanished(self, level: str) -> list[str]:
        return [code for code, unit in self.before.items() if unit.level == level and code not in self.eve]

    def district_heir(self, code: str) -> Heir:
        """The district that has most communes of a vanished district in the later list."""
        [(heir, count)] = self.moves[code].most_common(1)
        return Heir(heir, f"{count} of its communes stand under the heir in the later list")

    @cached_property
    def commune_heirs(self) -> dict[str, Heir]:
        """The heir of each vanished commune: a commune when its name shows it, otherwise the old commune's district."""
        heirs = self._by_name_kept()
        heirs |= self._by_name_composed({heir.code for heir in heirs.values()} | set(heirs))
        for code in self.vanished("commune"):
            if code not in heirs:
                district = self.before[code].parent_code
                heir = district if district in self.eve else self.district_heir(district).code
                heirs[code] = Heir(heir, "")
        return heirs

    def _by_name_kept(self) -> dict[str, Heir]:
        """A commune nearby took the name of the vanished one: `Phường 4` became `Phường 2` after that one ended."""
        claims = {
            code: [
                other
                for other in self._renamed_near(code)
                if words(self.eve[other].name) == words(self.before[code].name)
            ]
            for code in self.vanished("commune")
        }
        claim_counts = Counter(others[0] for others in claims.values() if len(others) == 1)
        return {
            code: Heir(others[0], "the heir bears its name in the later list")
            for code, others in claims.items()
            if len(others) == 1 and claim_counts[others[0]] == 1
        }

    def _by_name_composed(self, settled: Set[str]) -> dict[str, Heir]:
        """A new name joins words of the old name and of one vanished neighbour: `Sao Đại Việt` took over `Bồ Sao`."""
        vanished = [code for code in self.vanished("commune") if code not in settled]
        heirs_by_giver: dict[str, set[str]] = {}
        for heir in {other for code in vanished for other in self._renamed_near(code)} - settled:
            if heir not in self.before:
                continue
            old, new = set(words(self.before[heir].name)), set(words(self.eve[heir].name))
            if not old & new:
                continue
            for word in new - old:
                givers = [code for code in vanished if heir in self._renamed_near(code) and word in self._words(code)]
                if len(givers) == 1 and not self._gave_up(word, heir):
                    heirs_by_giver.setdefault(givers[0], set()).add(heir)
        return {
            code: Heir(heirs.pop(), "the heir's later name joins words of both names")
            for code, heirs in sorted(heirs_by_giver.items())
            if len(heirs) == 1
        }

    def _gave_up(self, word: str, heir: str) -> bool:
        """Whether a neighbour that still exists under another name may have given the word instead."""
        neighbours = self._renamed_by_district[self.eve[heir].parent_code] - {heir}
        return any(code in self.before and word in self._words(code) for code in neighbours)

    def _words(self, code: str) -> Sequence[str]:
        return words(self.before[code].name)

    def _renamed_near(self, code: str) -> Set[str]:
        """Communes of the eve with a new name, in the districts that now have the land of the old district."""
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
        codes_by_district: dict[str, set[str]] = {}
        for code, unit in self.eve.items():
            former = self.before.get(code)
            if unit.level == "commune" and (former is None or words(former.name) != words(unit.name)):
                codes_by_district.setdefault(unit.parent_code, set()).add(code)
        return codes_by_district


def words(name: str) -> tuple[str, ...]:
    """Return the words of a commune's name without its type, in one spelling: hòa and an for `Xã Hoà An`."""
    folded = fold(name)
    kind = next((kind for kind in _TYPES if folded.startswith(kind + " ")), "")
    return tuple(word.lstrip("0") for word in folded.removeprefix(kind).split())
