"""Builds the records of a page in the format of OpenCPS: `dd/MM/yyyy HH:mm:ss`, booleans as strings, personal data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from motcua.sandbox.systems.written import DayTexts, Writer
from motcua.sandbox.world import people
from motcua.sandbox.world.columns import STATUS, STATUSES, Columns, NumberStyle, World
from motcua.sandbox.world.working_days import DAY_SECONDS, Ints

_SPOKEN = {"not_accepted": "denied", "stopped": "unresolved"}
NEGATIVE_EVERY = 23  # of the dossiers that are done, one of so many has a negative result
_DIRECT_LEVEL, _ONLINE_LEVEL = 2, 4
_SHORT_DAYS = DayTexts("%y%m%d")
_written = Writer("%d/%m/%Y", " {:02d}:{:02d}:{:02d}", "")


def dossier_numbers(world: World, night: Columns, rows: Ints) -> list[str]:
    """Return the dossier codes that citizens see, `<unit code>-YYMMDD-NNNN`, from the system and day of reception."""
    rows = night.number_of[rows]
    style, codes = night.number_style[rows], world.unit_codes
    days = night.received[rows] // DAY_SECONDS - (style == NumberStyle.OTHER_DATE)
    numbers = [
        f"{codes[group]}-{_SHORT_DAYS[day]}-{serial:04d}"
        for group, day, serial in zip(
            night.group[rows].tolist(), days.tolist(), night.serial[rows].tolist(), strict=True
        )
    ]
    for place in np.flatnonzero(style == NumberStyle.MISSING).tolist():
        numbers[place] = ""
    for place in np.flatnonzero(style == NumberStyle.SHORT_ID).tolist():
        numbers[place] = f"{(int(rows[place]) * 2_654_435_761 + 0x18E8E577) & 0xFFFFFFFF:08X}"
    return numbers


def spoken(night: Columns, rows: Ints) -> list[str]:
    """Return the statuses of OpenCPS (one_stop_systems.md section a.4).

    It has no status for a dossier that is stopped: these sites say it in a sub-status of `unresolved`. By itself that
    is a negative result, which some of the dossiers that are done have.
    """
    words = [_SPOKEN.get(code, code) for code, _ in STATUSES]
    is_negative = (night.status[rows] == STATUS["done"]) & (night.reference[rows] % NEGATIVE_EVERY == 0)
    return [
        "unresolved" if negative else words[status]
        for negative, status in zip(is_negative.tolist(), night.status[rows].tolist(), strict=True)
    ]


class RecordWriter:
    """Converts rows of a world to records. The look-up lists are built once."""

    def __init__(self, world: World) -> None:
        self._world = world
        procedures = world.procedures
        suffix = "." + world.unit_codes[0]
        self._service = [p.code for p in procedures] + [""]
        self._service_suffixed = [p.code + suffix for p in procedures] + [""]
        self._service_name = [p.name for p in procedures] + [""]
        self._domain = [p.field_code for p in procedures] + [""]
        self._domain_name = [p.field_name for p in procedures] + [""]
        self._duration = [float(p.time_limit_days or 0) for p in procedures] + [0.0]
        self._references = world.scenario.seed

    def records(self, night: int, rows: Ints) -> list[dict[str, Any]]:
        """Return one record per row with all keys of the list endpoint, in the order of the endpoint."""
        columns = self._columns(self._world.nights[night], rows)
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def _columns(self, night: Columns, rows: Ints) -> dict[str, list[Any]]:
        world, size = self._world, len(rows)

        def take(name: str) -> list[Any]:
            values: list[Any] = getattr(night, name)[rows].tolist()
            return values

        def when(name: str) -> list[str | None]:
            return _written(getattr(night, name)[rows])

        def every(value: Any) -> list[Any]:
            return [value] * size

        person, procedure, unit, status = take("person"), take("procedure"), take("unit"), take("status")
        origin = night.origin[rows]
        is_child = origin >= 0
        parent = np.where(is_child, night.dossier_id[origin], 0).tolist()
        numbers = dossier_numbers(world, night, rows)
        online = take("online")
        fee = take("fee")
        is_paused = np.isin(night.status[rows], _PAUSED).tolist()
        overdue = ((night.due[rows] > 0) & (night.released[rows] > night.due[rows])).tolist()

        def of_person(write: Callable[[int], str]) -> list[str]:
            return [write(number) for number in person]

        names, phones, addresses = of_person(people.name), of_person(people.phone), [world.unit_names[n] for n in unit]
        tag = f"{self._references & 0xFFFF:04x}"
        return {
            "dossierIdCTN": every(""),
            "dossierId": take("dossier_id"),
            "groupId": [world.group_ids[n] for n in take("group")],
            "userId": every(20139),
            "userName": every(""),
            "createDate": when("created"),
            "modifiedDate": when("modified"),
            "referenceUid": [f"b1e2c3d4-{tag}-4{n >> 24:03x}-8000-{n:012x}" for n in take("reference")],
            "counter": every(0),
            "serviceCode": [
                (self._service_suffixed if has_suffix else self._service)[n]
                for n, has_suffix in zip(procedure, take("has_suffix"), strict=True)
            ],
            "serviceName": [self._service_name[n] for n in procedure],
            "govAgencyCode": [world.unit_codes[n] for n in unit],
            "govAgencyName": addresses,
            "dossierTemplateNo": every(""),
            "dossierTemplateName": every(""),
            "applicantName": names,
            "applicantIdType": ["business" if people.is_business(n) else "citizen" for n in person],
            "applicantIdNo": of_person(people.identity_number),
            "applicantIdDate": every(""),
            "address": [people.address(n, place) for n, place in zip(person, addresses, strict=True)],
            "cityCode": every(world.scenario.province.partition(":")[0]),
            "cityName": every(world.scenario.province_name),
            "districtCode": every(""),
            "districtName": every(""),
            "wardCode": every(""),
            "wardName": every(""),
            "contactName": names,
            "contactTelNo": phones,
            "contactEmail": of_person(people.email),
            "dossierNote": of_person(people.note),
            "submissionNote": every(""),
            "briefNote": of_person(people.summary),
            "dossierNo": numbers,
            "submitting": every("false"),
            "submitDate": when("submitted"),
            "receiveDate": when("received"),
            "dueDate": when("due"),
            "releaseDate": when("released"),
            "finishDate": when("finished"),
            "cancellingDate": when("cancelling"),
            "correctingDate": when("correcting"),
            "dossierStatus": spoken(night, rows),
            "dossierStatusText": [STATUSES[n][1] for n in status],
            "dossierSubStatus": ["stopped" if n == STATUS["stopped"] else "" for n in status],
            "dossierSubStatusText": every(""),
            "viaPostal": ["2" if people.uses_post(n) else "0" for n in person],
            "online": ["true" if value else "false" for value in online],
            "durationUnit": every(0),
            "durationCount": [self._duration[n] for n in procedure],
            "lockState": ["PAUSE" if value else "" for value in is_paused],
            "originality": take("originality"),
            "systemId": take("system_id"),
            "serviceLevel": [_ONLINE_LEVEL if value else _DIRECT_LEVEL for value in online],
            "sampleCount": every(1),
            "domainCode": [self._domain[n] for n in procedure],
            "domainName": [self._domain_name[n] for n in procedure],
            "assigned": every(1),
            "extendDate": every(""),
            "originDossierId": parent,
            "originDossierNo": [no if child else "" for no, child in zip(numbers, is_child.tolist(), strict=True)],
            "delegateType": every(0),
            "delegateName": every(""),
            "fromViaPostal": every(0),
            "vnpostalStatus": every(0),
            "feeAmount": fee,
            "serviceAmount": every(0),
            "totalAmount": fee,
            "metaData": every("{}"),
            "dossierOverdue": ["Quá hạn" if value else "" for value in overdue],
            "timeOverdueText": every(""),
            "stepOverdue": every(""),
            "hasPassword": of_person(people.lookup_password),
        }


_PAUSED = [number for number, (code, _) in enumerate(STATUSES) if code == "waiting"]
