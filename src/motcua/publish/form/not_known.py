"""Which columns of which rows are not known: what was open before the period is not, or no source has answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from motcua.catalog.forms import Form
from motcua.catalog.record_sources import speaking_for
from motcua.ledger import completeness, openings_unknown
from motcua.publish.form.scope import Scope


@dataclass(frozen=True)
class NotKnown:
    """What is not known of a form over a scope.

    Attributes:
        levels: by line of the map, with its level, on which a source stands whose opening is not known.
        of_openings: the columns that count dossiers received before the period.
        of_silence: every column where no source in scope has answered for any day; they are known where a unit without
            a source holds dossiers that another source tells of.
    """

    levels: dict[str, str] = field(default_factory=dict)
    of_openings: frozenset[str] = frozenset()
    of_silence: frozenset[str] = frozenset()

    @classmethod
    def of(cls, connection: Connection, form: Form, scope: Scope) -> NotKnown:
        """Ask the ledger. Of other records than dossiers a source always tells what was open before."""
        catalog, period = scope.catalog, scope.period
        speaking = speaking_for(catalog, form.record_kind, scope.placed)
        sources = [source for source in speaking if source.overlaps(period)]
        ids = [source.source_id for source in sources]
        given = completeness(ids, period.from_date, period.to_date, connection=connection)
        if form.record_kind != "dossier":
            sources = []
        days = {source.source_id: (max(period.from_date, source.valid_from), period.to_date) for source in sources}
        first_records = {source.source_id: source.first_record_on for source in sources}
        unknown = openings_unknown(days, first_records, connection=connection)
        lines = {scope.placed[source.unit_id] for source in sources if source.source_id in unknown}
        return cls(
            {line: catalog.unit_by_id[line].level for line in lines},
            form.needing_opening,
            frozenset() if any(one.batch_ids for one in given) else frozenset(form.column_codes),
        )

    def columns(self, unit_id: str, level: str, *, has_figures: bool) -> frozenset[str]:
        """Return the columns that are not known of a row: of a unit, else of a level, else of all."""
        if unit_id:
            is_unknown = unit_id in self.levels
        else:
            is_unknown = level in self.levels.values() if level else bool(self.levels)
        silent = frozenset() if has_figures else self.of_silence
        return silent | (self.of_openings if is_unknown else frozenset())
