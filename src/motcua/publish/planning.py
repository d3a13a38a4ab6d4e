"""Which reports of a unit and period are due, by the rules of the catalogue and what the unit's sources can tell."""

from __future__ import annotations

import logging

from motcua.catalog import Catalog, Unit, load_catalog
from motcua.catalog.feeds import fed_fields
from motcua.catalog.forms import Form, load_form
from motcua.catalog.petitions import units_with_petitions
from motcua.catalog.publishing import Clock, load_publishing
from motcua.period import Period
from motcua.publish.form.scope import Scope
from motcua.settings import Settings

log = logging.getLogger(__name__)


def reports_due(clock: Clock, unit: str, period: Period) -> list[str]:
    """Return the reports to publish of a period; the log names each that no source of the unit can tell anything of.

    Raises:
        CatalogError: the rules are wrong, or the unit is unknown on the period's days.
    """
    folder = Settings.load().catalog_dir
    catalog = load_catalog(folder)
    scope = Scope.of(catalog, unit, period)
    due = []
    for rule in load_publishing(folder).of(clock, period):
        if rule.only_if_told and not is_told(load_form(folder, rule.report, period.to_date), scope):
            log.info("%s of %s is left out: no source of %s tells it", rule.report, period.label, scope.unit.name)
        else:
            due.append(rule.report)
    return due


def is_told(form: Form, scope: Scope) -> bool:
    """True when some source of the unit tells a fact the form's columns need, or petitions where it counts them."""
    catalog, period = scope.catalog, scope.period
    if any(measure.startswith("petition_") for c in form.columns for term in c.terms for measure in term.measures):
        told_of = units_with_petitions(catalog.folder, period)
        return not told_of.isdisjoint({*scope.unit_ids, *_above(catalog, scope.unit)})
    needs = [set(column.needs) for column in form.columns if column.needs]
    covered = set(scope.unit_ids)
    return any(
        source.unit_id in covered
        and source.overlaps(period)
        and any(fed_fields(catalog.folder, source).issuperset(facts) for facts in needs)
        for source in catalog.sources
    )


def _above(catalog: Catalog, unit: Unit) -> list[str]:
    found = []
    above: Unit | None = unit
    while above is not None:
        found.append(above.unit_id)
        above = catalog.unit_by_id.get(above.parent_id or "")
    return found
