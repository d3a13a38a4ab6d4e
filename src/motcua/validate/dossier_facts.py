"""The facts that only dossiers have, from the catalogue of procedures, the calendar and the store."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection

from motcua.canonical import NAMES_OFFICE
from motcua.catalog import Catalog
from motcua.catalog.forms import overdue_reasons
from motcua.catalog.procedures import TIME_UNITS
from motcua.days.due_dates import due_dates, due_rules
from motcua.days.workdays import workdays_from, working_calendar
from motcua.validate.distinct import distinct
from motcua.validate.terms import Terms
from motcua.warehouse import statement

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN_FIELD = "khac"  # khác, "other": neither the catalogue nor the source states the field

# The date part of a dossier code, YYMMDD or YYYYMMDD before the daily counter (TT 01/2018/TT-VPCP Điều 19).
_CODE_DATE = r"-(\d{6}|\d{8})-\d{4,7}$"
_QUERIED = ("row_no", "source_id", "system_code", "agency_code", "dossier_id", "dossier_no")
_TIMES = ("due_at", "finished_at", "received_at", "refused_at", "returned_at")


def add_dossier_facts(frame: pd.DataFrame, catalog: Catalog, connection: Connection) -> None:
    """Add the facts of dossiers to a frame that has the facts of every kind of record.

    field_code                            the field of the procedure in the catalogue, else of the source, else `khac`
    is_procedure_known                    the catalogue has the procedure on the reference day
    time_limit, time_unit                 its announced time, else the statutory one; null where it has none
    computed_due_on, due_gap_workdays     the due day by that time, and the distance of `due_at` from it; null where a
                                          supplement request or an apology may have moved the due day
    due_excess_workdays                   the part of that distance above the tolerance of the rule of due dates
    due_latest, finished_latest, ...      the latest instant that the value may mean: 00:00:00 is a day without a time
    ended_at                              the day on which a closed or refused dossier counts as ended, and of one that
                                          is not, a day of ending that its source states all the same;
                                          tests/sql/test_endings.py compares it with the view dossier_contribution
    apology_deadline_at                   the end of the day before the due day (NĐ 61/2018)
    code_date_text, code_date_on, code_date_gap_days   from the date part of dossier_no
    previous_status_code, status_move     the status of the current version in the store; the change as "9>4", or null
    number_holder_count                   the number of dossiers of the source with this dossier_no, including this one
    is_number_held_elsewhere              another source already holds this dossier_no, which names its office
    fee_stated                            the fee, or 0 when none is stated
    is_overdue_reason_known               the reason is in `forms/overdue_reasons.csv`, or none is stated
    """
    _add_latest(frame)
    _add_procedure(frame, catalog)
    _add_due(frame, catalog)
    _add_code_date(frame)
    _add_known(frame, connection)
    frame["fee_stated"] = frame["fee_amount"].fillna(0)
    reason = frame["overdue_reason_code"]
    frame["is_overdue_reason_known"] = reason.isna() | reason.isin(list(overdue_reasons(catalog.folder)))


def _add_latest(frame: pd.DataFrame) -> None:
    day, last = np.timedelta64(1, "D"), np.timedelta64(1, "us")
    for column in _TIMES:
        value = frame[column]
        frame[column.replace("_at", "_latest")] = value.mask(value == value.dt.normalize(), value + day - last)
    status = frame["status_code"]
    finished, refused, returned = frame["finished_at"], frame["refused_at"], frame["returned_at"]
    frame["ended_at"] = (
        finished.fillna(refused)
        .fillna(returned)
        .mask(status.isin([9, 10]), finished.fillna(returned))
        .mask(status == 3, refused.fillna(finished).fillna(returned))
    )
    frame["apology_deadline_at"] = frame["due_at"].dt.normalize() - last


def _add_procedure(frame: pd.DataFrame, catalog: Catalog) -> None:
    import pandas as pd

    terms = Terms(catalog, due_rules(catalog.folder))
    provinces = {source.source_id: catalog.province_of(source.unit_id).code for source in catalog.sources}
    sources, distinct_sources = pd.factorize(frame["source_id"])
    distinct_provinces, province_of = np.unique(
        [provinces.get(source, "") for source in distinct_sources], return_inverse=True
    )
    levels, distinct_levels = pd.factorize(frame["unit_level"])
    used = distinct(
        frame,
        "procedure_code",
        (levels + 1, ["", *distinct_levels]),  # for an unknown unit, any level of the procedure
        (province_of[sources] if len(province_of) else sources, distinct_provinces),
    )
    number = np.full(len(frame), -1)
    number[used.rows] = np.array([terms.number(*key) for key in used.keys], dtype=np.int64)[used.of_row]
    frame["is_procedure_known"] = number >= 0
    frame["time_limit"] = terms.limits[number]
    frame["time_unit"] = pd.Categorical.from_codes(terms.units[number], categories=pd.Index(TIME_UNITS))
    frame["due_rule"] = terms.rules[number]
    fields = pd.Series(terms.field_codes[number], index=frame.index, dtype=object)
    source_field = frame["source_field_code"]
    frame["field_code"] = fields.fillna(source_field.where(source_field != "")).fillna(UNKNOWN_FIELD)


def _add_due(frame: pd.DataFrame, catalog: Catalog) -> None:
    calendar, rules = working_calendar(catalog.folder), due_rules(catalog.folder).rules
    moved = frame[["supplement_count", "apology_count"]].fillna(0).gt(0).any(axis=1).to_numpy()
    received, due_at = frame["received_at"].to_numpy(), frame["due_at"].to_numpy()
    limit, unit, rule = frame["time_limit"].to_numpy(), frame["time_unit"].cat.codes.to_numpy(), frame["due_rule"]
    dated = ~np.isnat(received) & ~np.isnan(limit) & (rule >= 0).to_numpy() & ~moved
    computed = np.full(len(frame), np.datetime64("NaT"), dtype="datetime64[D]")
    gap, tolerated = np.full(len(frame), np.nan), np.zeros(len(frame))
    group = np.where(dated, rule.to_numpy() * len(TIME_UNITS) + unit, -1)
    for number in np.unique(group[dated]):
        rows = np.flatnonzero(group == number)
        rule_index, unit_index = divmod(int(number), len(TIME_UNITS))
        due = due_dates(
            received[rows], limit[rows].astype("int64"), TIME_UNITS[unit_index], rules[rule_index], calendar
        )
        computed[rows] = due.due_on
        tolerated[rows] = rules[rule_index].tolerance_workdays
    frame["computed_due_on"] = computed.astype("datetime64[us]")
    compared = np.flatnonzero(dated & ~np.isnat(due_at))
    stated = due_at[compared].astype("datetime64[D]")
    gap[compared] = workdays_from(computed[compared], stated, calendar, is_worked=True)
    frame["due_gap_workdays"] = gap
    frame["due_excess_workdays"] = np.maximum(np.abs(gap) - tolerated, 0)


def _add_code_date(frame: pd.DataFrame) -> None:
    import pandas as pd

    number = frame["dossier_no"].astype("str")
    text = number.str.extract(_CODE_DATE, flags=re.ASCII, expand=False)
    frame["code_date_text"] = text
    long = pd.to_datetime(text.where(text.str.len() == 8), format="%Y%m%d", errors="coerce")
    short = pd.to_datetime("20" + text.where(text.str.len() == 6), format="%Y%m%d", errors="coerce")
    frame["code_date_on"] = long.fillna(short)
    frame["code_date_gap_days"] = (frame["code_date_on"] - frame["received_at"].dt.normalize()).dt.days


def _add_known(frame: pd.DataFrame, connection: Connection) -> None:
    queried = frame.loc[frame["dossier_id"].notna(), [*_QUERIED[1:], "parent_dossier_id"]]
    number = queried["dossier_no"]
    queried["dossier_no"] = number.where(queried["parent_dossier_id"].isna() & (number != ""))
    known = _known(queried, connection).reindex(frame.index)
    frame["previous_status_code"] = known["previous_status_code"].astype("float64")
    frame["status_move"] = _moves(frame["previous_status_code"], frame["status_code"])
    frame["is_number_held_elsewhere"] = known["is_number_held_elsewhere"].eq(True)
    holders = (
        queried.dropna(subset=["dossier_no"]).groupby(["source_id", "dossier_no"])["dossier_id"].transform("nunique")
    )
    in_store = known["is_number_held_in_source"].eq(True)
    frame["number_holder_count"] = holders.reindex(frame.index).fillna(1) + in_store


def _known(queried: pd.DataFrame, connection: Connection) -> pd.DataFrame:
    """Query the store for all dossiers at once. Rows that it does not know are left out."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import csv

    table = pa.Table.from_pandas(queried.assign(row_no=queried.index)[list(_QUERIED)], preserve_index=False)
    text = pa.BufferOutputStream()
    csv.write_csv(table, text, csv.WriteOptions(include_header=False))
    connection.execute(statement("validate/asked_dossiers"))
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        with cursor.copy("copy asked_dossier from stdin (format csv)") as copy:
            copy.write(text.getvalue().to_pybytes())
        cursor.execute("analyze asked_dossier")
    result = connection.execute(statement("validate/known_dossiers"), {"names_office": NAMES_OFFICE})
    return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys())).set_index("row_no")


def _moves(previous: pd.Series[Any], status: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    moves = pd.Series(None, index=status.index, dtype=object)
    moved = previous.notna() & status.notna() & (previous != status)
    moves[moved] = [f"{int(old)}>{int(new)}" for old, new in zip(previous[moved], status[moved], strict=True)]
    return moves
