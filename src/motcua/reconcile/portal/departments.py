"""Which unit a department of the portal is: by its id where the contract says so, else by its name in the tree."""

from __future__ import annotations

import re
from collections.abc import Iterable

from motcua.catalog import Catalog, Unit
from motcua.catalog.national_portal import PortalContract
from motcua.period import Period
from motcua.reconcile.portal.client import Department
from motcua.spelling import fold

_PREFIX = re.compile(r"^(ubnd|uỷ ban nhân dân|ủy ban nhân dân)\s+", re.IGNORECASE)
_SUFFIX = re.compile(r"\s+[-–,]\s+(tỉnh|thành phố|tp\.?)\s+.*$", re.IGNORECASE)


def units_of(
    departments: Iterable[Department], contract: PortalContract, catalog: Catalog, root: Unit, period: Period
) -> dict[str, str | None]:
    """Return the unit id of each department, none where neither id nor name decides.

    A name is looked for among the units directly below the parent's, then among all below it; prefixes and suffixes
    that the portal writes inconsistently are set aside (one_stop_systems.md quirk d.5).
    """
    listed = {each.department_id: each.unit_id for each in contract.departments}
    by_id: dict[str, Department] = {}
    for department in departments:
        known = by_id.get(department.department_id)
        if known is None or (department.parent_id and not known.parent_id):
            by_id[department.department_id] = department
    in_force = [unit for unit in catalog.subtree(root.unit_id) if unit.overlaps(period)]
    unit_ids: dict[str, str | None] = {}

    def unit_of(department_id: str) -> str | None:
        if department_id not in unit_ids:
            unit_ids[department_id] = None  # a tree that bites its tail ends here
            department = by_id[department_id]
            if department_id in listed:
                unit_ids[department_id] = listed[department_id]
            else:
                parent = unit_of(department.parent_id) if department.parent_id in by_id else root.unit_id
                unit_ids[department_id] = _named(department.name, parent or root.unit_id, in_force, catalog)
        return unit_ids[department_id]

    for department_id in by_id:
        unit_of(department_id)
    return unit_ids


def _named(name: str, parent_id: str, in_force: list[Unit], catalog: Catalog) -> str | None:
    spelling = fold(_SUFFIX.sub("", _PREFIX.sub("", name.strip())))
    below = {unit.unit_id for unit in catalog.subtree(parent_id)} - {parent_id}
    named = [unit for unit in in_force if unit.unit_id in below and fold(unit.name) == spelling]
    direct = [unit for unit in named if unit.parent_id == parent_id]
    for candidates in (direct, named):
        if len(candidates) == 1:
            return candidates[0].unit_id
    exact = [unit for unit in in_force if unit.unit_id in below and fold(unit.name) == fold(name)]
    return exact[0].unit_id if len(exact) == 1 else None
