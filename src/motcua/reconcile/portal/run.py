"""One reconciliation: ask the portal, keep what it said, compare, keep which differences are open and since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from motcua.catalog import Catalog, Unit, load_catalog
from motcua.catalog.forms import Form, load_form
from motcua.catalog.national_portal import Metric, PortalContract, load_portal_contract
from motcua.errors import CatalogError, ReportRefused
from motcua.period import Period, calendar_period
from motcua.publish.form.counts import read_counts
from motcua.publish.form.scope import Scope
from motcua.reconcile.portal.client import Department, Portal, time_body
from motcua.reconcile.portal.compare import Difference, Key, compare
from motcua.reconcile.portal.departments import units_of
from motcua.settings import Settings
from motcua.units.codes import sync_units
from motcua.warehouse import statement, store_engine


@dataclass(frozen=True)
class Reconciliation:
    """What one comparison found. `unmapped` are the portal's departments that are no unit known here."""

    unit: Unit
    period: Period
    fetched_at: datetime
    compared: int
    differences: tuple[Difference, ...]
    unmapped: tuple[str, ...]

    @property
    def by_kind(self) -> dict[str, int]:
        return dict(Counter(one.kind for one in self.differences).most_common())


@dataclass(frozen=True)
class OpenDifference:
    """A difference still open, and for how many days."""

    root_unit_id: str
    unit_id: str
    procedure_code: str
    metric: str
    period_type: str
    from_date: date
    to_date: date
    kind: str
    ours: int
    theirs: int
    why: str
    first_seen_on: date
    last_seen_on: date
    age_days: int


@dataclass(frozen=True)
class _Said:
    department_id: str
    department_name: str
    unit_id: str | None
    procedure_code: str
    metric: str
    quantity: int


def reconcile(unit: str, period: Period, *, base_url: str | None, today: date) -> Reconciliation:
    """Compare a province's figures of a calendar period with the National Portal's, to the unit and procedure.

    Args:
        unit: official code or id of a province named in national_portal.yaml.
        base_url: where the portal answers; none takes the newest snapshot instead of asking.

    Raises:
        ReportRefused: the period is no calendar one, or there is no snapshot.
        CatalogError: the contract does not say which department the province is.
        SourceUnavailable, ContractBroken: the portal does not answer, or not as the contract says.
    """
    settings = Settings.load()
    catalog = load_catalog(settings.catalog_dir)
    contract = load_portal_contract(settings.catalog_dir)
    time_body(period)
    scope = Scope.of(catalog, unit, period, today=today)
    root = scope.unit
    root_id = contract.root_of(root.unit_id)
    if root_id is None:
        raise CatalogError(
            f"national_portal.yaml does not say which department of the portal {root.name} ({root.unit_id}) is.",
            action="add its department_id under departments; the portal's tree gives it.",
        )
    form = load_form(settings.catalog_dir, "form-06", period.to_date)
    with store_engine().begin() as connection:
        sync_units(connection, catalog)
        ours = _ours(connection, form, contract, scope)
    if base_url is not None:
        fetched_at = datetime.now(UTC)
        said = _ask(Portal(contract, base_url), contract, catalog, root, root_id, period, ours)
        with store_engine().begin() as connection:
            _keep(connection, root, period, fetched_at, said)
    with store_engine().begin() as connection:
        said, last_at = _newest(connection, root, period)
        copies = {
            (row.unit_id, row.procedure_code): row.copy_count
            for row in connection.execute(
                statement("reconcile/our_copies"),
                {"unit_ids": list(scope.unit_ids), "from_date": period.from_date, "to_date": period.to_date},
            )
        }
        neighbours = tuple(
            _delta(
                _ours(connection, form, contract, scope.over(other)),
                _theirs(_newest(connection, root, other)[0], root),
            )
            for other in _neighbours(period)
            if _has_snapshot(connection, root, other)
        )
        theirs = _theirs(said, root)
        differences = compare(ours, theirs, copies=copies, neighbours=neighbours)
        _remember(connection, root, period, differences, today)
    unmapped = tuple(sorted({one.department_name for one in said if one.unit_id is None}))
    return Reconciliation(root, period, last_at, len(ours.keys() | theirs.keys()), tuple(differences), unmapped)


def open_differences(unit: str | None, today: date) -> list[OpenDifference]:
    """Return the differences still open of one province (id, or code of that day), or of all, the oldest first."""
    catalog = load_catalog(Settings.load().catalog_dir)
    root = None
    if unit is not None:
        root = unit if unit in catalog.unit_by_id else catalog.unit(unit, today).unit_id
    with store_engine().connect() as connection:
        rows = connection.execute(statement("reconcile/open_differences"), {"root_unit_id": root, "today": today})
        return [OpenDifference(**row._mapping) for row in rows]


def _ask(
    portal: Portal,
    contract: PortalContract,
    catalog: Catalog,
    root: Unit,
    root_id: str,
    period: Period,
    ours: dict[Key, int],
) -> list[_Said]:
    """Ask for all procedures together, then one by one: ours first, then others until the totals are explained."""
    endpoints: dict[str, list[Metric]] = {}
    for metric in contract.metrics:
        endpoints.setdefault(metric.endpoint, []).append(metric)
    departments: list[Department] = []
    whole: Counter[tuple[str, str]] = Counter()
    for endpoint, metrics in endpoints.items():
        seen, counts = portal.figures(endpoint, metrics, period, root_id)
        departments += seen
        whole.update(counts)
    unit_of = units_of(departments, contract, catalog, root, period)
    names = {each.department_id: each.name for each in departments}
    known = portal.formalities()
    mine = sorted({code for _, code, _ in ours})
    told: list[_Said] = []
    left = Counter(whole)
    for code in [*(code for code in mine if code in known), *sorted(known.keys() - set(mine))]:
        if not any(left.values()):
            break
        for endpoint, metrics in endpoints.items():
            _, counts = portal.figures(endpoint, metrics, period, root_id, known[code])
            for (department_id, name), quantity in counts.items():
                left[department_id, name] -= quantity
                if quantity:
                    unit_id = unit_of[department_id]
                    told.append(_Said(department_id, names[department_id], unit_id, code, name, quantity))
    first = contract.metrics[0].metric
    # The root always has a row, so that an empty answer is a snapshot too.
    told.append(_Said(root_id, names.get(root_id, root.name), root.unit_id, "", first, left[root_id, first]))
    # What no procedure explains stands under the empty code, so that nothing the portal counts drops out.
    told += [
        _Said(department_id, names[department_id], unit_of[department_id], "", name, quantity)
        for (department_id, name), quantity in left.items()
        if quantity and (department_id, name) != (root_id, first)
    ]
    return told


def _ours(connection: Connection, form: Form, contract: PortalContract, scope: Scope) -> dict[Key, int]:
    """Return what the columns of each metric count, by unit and procedure, each unit on the line of its heir.

    The scope covers the units of every map: what was open on the eve of a merger is carried over by its heirs.
    """
    columns = {
        metric.metric: [term for code in metric.ours for term in form.terms_of(code)] for metric in contract.metrics
    }
    return {
        (count.row_key, count.procedure_code, count.column_code): count.quantity
        for count in read_counts(connection, scope.catalog, columns, scope.placed, scope.period, ("unit_procedure",))
        if count.quantity
    }


def _place(root: Unit, period: Period) -> dict[str, Any]:
    return {
        "root_unit_id": root.unit_id,
        "period_type": period.period_type,
        "from_date": period.from_date,
        "to_date": period.to_date,
    }


def _keep(connection: Connection, root: Unit, period: Period, fetched_at: datetime, said: Iterable[_Said]) -> None:
    rows = list(said)
    connection.execute(
        statement("reconcile/insert_figures"),
        {
            **_place(root, period),
            "fetched_at": fetched_at,
            "department_ids": [one.department_id for one in rows],
            "department_names": [one.department_name for one in rows],
            "unit_ids": [one.unit_id for one in rows],
            "procedure_codes": [one.procedure_code for one in rows],
            "metrics": [one.metric for one in rows],
            "quantities": [one.quantity for one in rows],
        },
    )


def _newest(connection: Connection, root: Unit, period: Period) -> tuple[list[_Said], datetime]:
    newest = connection.execute(statement("reconcile/last_figures"), _place(root, period)).all()
    if not newest:
        raise ReportRefused(
            f"There is no snapshot of the National Portal for {root.name} ({root.unit_id}) and {period.label}.",
            action="ask the portal once: leave --offline out, with AIRFLOW_CONN_NATIONAL_PORTAL set.",
        )
    said = [
        _Said(row.department_id, row.department_name, row.unit_id, row.procedure_code, row.metric, row.quantity)
        for row in newest
    ]
    return said, newest[0].fetched_at


def _has_snapshot(connection: Connection, root: Unit, period: Period) -> bool:
    return bool(connection.execute(statement("reconcile/last_figures"), _place(root, period)).first())


def _neighbours(period: Period) -> tuple[Period, ...]:
    """Return the months before and after a month; a longer period is not shifted by days at its ends alone."""
    if period.period_type != "CAL_MONTH":
        return ()
    before, after = period.from_date - timedelta(days=1), period.to_date + timedelta(days=1)
    return tuple(calendar_period("MONTH", day.year, day.month) for day in (before, after))


def _theirs(said: Iterable[_Said], root: Unit) -> dict[Key, int]:
    """What a department counts that is no unit known here is put to the province's own account."""
    theirs: Counter[Key] = Counter()
    for one in said:
        theirs[one.unit_id or root.unit_id, one.procedure_code, one.metric] += one.quantity
    return dict(theirs)


def _delta(ours: dict[Key, int], theirs: dict[Key, int]) -> dict[Key, int]:
    return {key: theirs.get(key, 0) - ours.get(key, 0) for key in ours.keys() | theirs.keys()}


def _remember(connection: Connection, root: Unit, period: Period, differences: list[Difference], today: date) -> None:
    place = _place(root, period)
    connection.execute(
        statement("reconcile/close_differences"),
        {
            **place,
            "today": today,
            "unit_ids": [one.unit_id for one in differences],
            "procedure_codes": [one.procedure_code for one in differences],
            "metrics": [one.metric for one in differences],
        },
    )
    if differences:
        connection.execute(
            statement("reconcile/see_difference"),
            [
                {
                    **place,
                    "unit_id": one.unit_id,
                    "procedure_code": one.procedure_code,
                    "metric": one.metric,
                    "kind": one.kind,
                    "ours": one.ours,
                    "theirs": one.theirs,
                    "why": one.why,
                    "today": today,
                }
                for one in differences
            ],
        )
