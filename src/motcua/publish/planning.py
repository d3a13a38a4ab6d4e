"""Which reports of a unit and period are due: what reports say of themselves, and what the unit's sources can tell."""

from __future__ import annotations

import logging

from motcua.catalog import load_catalog
from motcua.catalog.feeds import fed_fields
from motcua.catalog.forms import Clock, Form, load_form
from motcua.catalog.publishing import publishing_rules
from motcua.catalog.record_sources import speaking_for
from motcua.period import Period
from motcua.publish.form.scope import Scope
from motcua.settings import Settings

log = logging.getLogger(__name__)


def reports_due(clock: Clock, unit: str, period: Period) -> list[str]:
    """Return the reports to publish of a period; the log names each that no source of the unit can tell anything of.

    Raises:
        CatalogError: the file of a report is wrong, or the unit is unknown on the period's days.
    """
    folder = Settings.load().catalog_dir
    scope = Scope.of(load_catalog(folder), unit, period)
    due = []
    for report, rule in publishing_rules(folder, clock, period).items():
        if rule.only_if_told and not is_told(load_form(folder, report, period.to_date), scope):
            log.info("%s of %s is left out: no source of %s tells it", report, period.label, scope.unit.name)
        else:
            due.append(report)
    return due


def is_told(form: Form, scope: Scope) -> bool:
    """True when some source of the unit tells a fact the form's columns need, or petitions where it counts them."""
    catalog, period = scope.catalog, scope.period
    if form.record_kind != "dossier":
        return any(source.overlaps(period) for source in speaking_for(catalog, form.record_kind, scope.unit_ids))
    needs = [set(column.needs) for column in form.columns if column.needs]
    covered = set(scope.unit_ids)
    return any(
        source.unit_id in covered
        and source.overlaps(period)
        and any(fed_fields(catalog.folder, source).issuperset(facts) for facts in needs)
        for source in catalog.sources
    )
