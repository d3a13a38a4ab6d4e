"""Whether the rows of an index that count petitions can be told, for any set of units, and what they leave out.

No petition means that none came only where a source speaks for the unit, has answered for the whole period, and has
nothing set aside that may belong to it. Otherwise the row is not available, and says why: it is never full marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from motcua.catalog import Catalog, Unit
from motcua.catalog.cells import cell_text
from motcua.catalog.models import Text
from motcua.catalog.record_sources import heard_of, sources_of
from motcua.ledger import SetAside, petitions_set_aside
from motcua.period import Period
from motcua.publish.form.completeness import SourceCell, read_cells

_NO_SOURCE = Text(vi="chưa có nguồn dữ liệu phản ánh, kiến nghị", en="no source of petitions")


@dataclass(frozen=True)
class PetitionAnswers:
    """What the sources of petitions gave for a period.

    Attributes:
        sources: the ids of the sources of each unit that has some of its own; they speak for all below it too.
        cells: the cell of each source that owes days of the period so far.
        aside: petitions set aside that may belong to the period.
    """

    catalog: Catalog
    period: Period
    sources: Mapping[str, tuple[str, ...]]
    cells: Mapping[str, SourceCell]
    aside: tuple[SetAside, ...] = ()

    def lacking(self, members: Sequence[Unit]) -> tuple[SourceCell, ...]:
        """Return the cells of the sources that speak for some of these units and whose answer is not there."""
        asked = dict.fromkeys(source for unit in members for source in self._speaking(unit))
        return tuple(self.cells[source] for source in asked if source in self.cells and self.cells[source].is_lacking)

    def verdict(self, members: Sequence[Unit]) -> tuple[bool, list[Text]]:
        """Return whether these units' petitions can be counted together, and why not or what the count leaves out."""
        units = [unit for unit in members if unit.kind != "province" and unit.overlaps(self.period)] or list(members)
        speaking = {unit.unit_id: self._speaking(unit) for unit in units}
        untold = [unit_id for unit_id, sources in speaking.items() if not sources]
        unanswered = [
            unit_id for unit_id, sources in speaking.items() if any(self._is_silent(source) for source in sources)
        ]
        if len(untold) == len(units):
            return False, [_NO_SOURCE]
        if len(untold) + len(unanswered) == len(units):
            return False, [self._silence(source for unit_id in unanswered for source in speaking[unit_id])]
        heard = {source for sources in speaking.values() for source in sources}
        aside = [one for one in self.aside if one.source_id in heard and self._is_of(one, members)]
        if count := sum(one.petition_count for one in aside if one.is_countable):
            return False, [
                Text(
                    vi=f"{count} phản ánh, kiến nghị bị để riêng, có thể thuộc kỳ này (motcua quarantine list)",
                    en=f"{_petitions(count)} set aside may belong to the period (motcua quarantine list)",
                )
            ]
        notes = []
        for some, vi, en in (
            (untold, "chưa có nguồn dữ liệu phản ánh, kiến nghị", "have no source of petitions"),
            (unanswered, "có nguồn chưa gửi đủ phản ánh, kiến nghị", "have a source that has not answered"),
        ):
            if some:
                notes.append(
                    Text(vi=f"{len(some)}/{len(units)} đơn vị {vi}", en=f"{len(some)} of {len(units)} units {en}")
                )
        if count := sum(one.petition_count for one in aside):
            notes.append(
                Text(
                    vi=f"không tính {count} phản ánh thuộc loại chưa khai báo (motcua quarantine list)",
                    en=f"{_petitions(count)} left out, for the kind is not listed (motcua quarantine list)",
                )
            )
        return True, notes

    def _speaking(self, unit: Unit) -> tuple[str, ...]:
        heard = heard_of(self.catalog, "petition", unit.unit_id)
        return tuple(source for unit_id in heard for source in self.sources.get(unit_id, ()))

    def _is_silent(self, source_id: str) -> bool:
        """Whether a source has not answered for the days it owes; one that did, and had records set aside, has."""
        cell = self.cells.get(source_id)
        has_answered = cell is None or not cell.is_lacking or any(one.source_id == source_id for one in self.aside)
        return not has_answered

    def _silence(self, source_ids: Iterable[str]) -> Text:
        told = [self.cells[source] for source in dict.fromkeys(source_ids) if self._is_silent(source)]

        def named(lang: str) -> str:
            return "; ".join(f"{cell.source_name} ({cell_text(cell.cell, lang).lower()})" for cell in told)

        return Text(vi=f"chưa đủ dữ liệu của {named('vi')}", en=f"data incomplete for {named('en')}")

    @staticmethod
    def _is_of(one: SetAside, members: Sequence[Unit]) -> bool:
        return one.unit_id is None or any(unit.unit_id == one.unit_id for unit in members)


def _petitions(count: int) -> str:
    return "1 petition" if count == 1 else f"{count} petitions"


def read_petition_answers(
    connection: Connection, catalog: Catalog, units: list[Unit], period: Period, today: date
) -> PetitionAnswers:
    """Read what the sources of petitions that speak for some of these units gave for a period."""
    cells = read_cells(connection, catalog, units, period, today, "petition")
    sources: dict[str, tuple[str, ...]] = {}
    for source in sources_of(catalog, "petition"):
        if source.overlaps(period):
            sources[source.unit_id] = (*sources.get(source.unit_id, ()), source.source_id)
    return PetitionAnswers(
        catalog,
        period,
        sources,
        {cell.source_id: cell for cell in cells},
        tuple(
            petitions_set_aside(
                [cell.source_id for cell in cells], period.from_date, period.to_date, connection=connection
            )
        ),
    )
