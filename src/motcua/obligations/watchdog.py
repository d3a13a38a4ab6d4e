"""The watchdog: did the night run at all? Needs no scheduler, only the two databases.

It is a plain command for cron or systemd, on another machine if there is one: what has stopped cannot say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from motcua import ledger
from motcua.catalog import LEVELS, load_catalog
from motcua.catalog.cells import cell_text, is_lacking
from motcua.catalog.publishing import publishing_rules
from motcua.period import day_period
from motcua.settings import TIMEZONE, Settings
from motcua.warehouse import statement, store_engine, warehouse_engine

Severity = Literal["stopped", "incomplete"]


@dataclass(frozen=True)
class Finding:
    """What is wrong with a night. `stopped`: somebody must start it; `incomplete`: it ran and lacks something."""

    code: str
    severity: Severity
    message_vi: str
    message_en: str
    action: str


def watch_night(day: date) -> list[Finding]:
    """Return what is wrong with the night of a day: nothing when every source is in, measured and told of.

    A night of day D is pulled from 00:00 of D + 1 on. It reads the ledger and the editions, and asks nobody else.
    """
    try:
        return _watch(day)
    except SQLAlchemyError as error:
        return [
            Finding(
                "database_unreachable",
                "stopped",
                f"Không kết nối được cơ sở dữ liệu khi kiểm tra đêm {day:%d/%m/%Y}.",
                f"The databases cannot be reached ({type(error).__name__}), so the night of {day} cannot be judged.",
                "start PostgreSQL, or correct MOTCUA_STORE_DSN and MOTCUA_WAREHOUSE_DSN.",
            )
        ]


def _watch(day: date) -> list[Finding]:
    settings = Settings.load()
    catalog = load_catalog(settings.catalog_dir)
    began = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(TIMEZONE))
    findings: list[Finding] = []
    with store_engine().connect() as store:
        planned: dict[str, int] = dict(
            store.execute(
                text(
                    "select level, count(distinct source_id) from batch"
                    " where window_to >= :day and planned_at >= :began group by level"
                ),
                {"day": day, "began": began},
            )
            .tuples()
            .all()
        )
        unmeasured: dict[str, int] = dict(store.execute(statement("ledger/unmeasured_levels")).tuples().all())
    due = {level: catalog.sources_on(day, level=level, province=settings.province) for level in LEVELS}
    if not any(due.values()):
        return [
            Finding(
                "no_source_is_due",
                "incomplete",
                f"Danh mục không có nguồn nào còn hiệu lực ngày {day:%d/%m/%Y}.",
                f"No source of the catalogue is in force on {day}, so no night can be expected.",
                "correct valid_from/valid_to in include/catalog/sources/, or MOTCUA_PROVINCE.",
            )
        ]
    asleep = [level for level in LEVELS if due[level] and not planned.get(level)]
    if asleep == [level for level in LEVELS if due[level]] and asleep:
        return [
            Finding(
                "night_did_not_run",
                "stopped",
                f"Đêm {day:%d/%m/%Y} hoàn toàn không chạy: không có lô nào được lập.",
                f"The night of {day} did not run at all: no batch was planned for {', '.join(asleep)}.",
                "see whether the scheduler is alive and the DAGs ingest_dossiers__* are not paused; then trigger them"
                f' with {{"to": "{day}"}} or run `motcua ingest --to {day}`.',
            )
        ]
    for level in asleep:
        findings.append(
            Finding(
                "level_did_not_run",
                "stopped",
                f"Đêm {day:%d/%m/%Y} không chạy cho cấp {level}.",
                f"The night of {day} did not run for level {level}.",
                f'trigger ingest_dossiers__{level} with {{"to": "{day}"}}.',
            )
        )
    for level, sources in due.items():
        if level in asleep or not sources:
            continue
        cells = ledger.completeness([source.source_id for source in sources], day, day)
        lacking = [cell for cell in cells if is_lacking(cell.cell)]
        if lacking:
            named = "; ".join(f"{cell.source_id} ({cell_text(cell.cell, 'en').lower()})" for cell in lacking[:5])
            named += f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
            findings.append(
                Finding(
                    "sources_lacking",
                    "incomplete",
                    f"Đêm {day:%d/%m/%Y}, cấp {level}: thiếu {len(lacking)}/{len(cells)} nguồn.",
                    f"The night of {day}, level {level}: {len(lacking)} of {len(cells)} sources lack: {named}.",
                    f"read why with `motcua sources list --level {level}` and ask them again with"
                    f" `motcua ingest --source ID --to {day}`.",
                )
            )
    if unmeasured:
        findings.append(
            Finding(
                "not_measured",
                "incomplete",
                f"Có {sum(unmeasured.values())} lô chưa được tổng hợp.",
                f"{sum(unmeasured.values())} loaded batches are not in the measures.",
                "run the DAG build_measures, or `motcua measures build`.",
            )
        )
    for report in _not_published(settings.catalog_dir, day):
        findings.append(
            Finding(
                "report_not_published",
                "incomplete",
                f"Chưa phát hành báo cáo {report} của đêm {day:%d/%m/%Y}.",
                f"Report {report} of the night of {day} is not published.",
                f'trigger publish_nightly_brief with {{"day": "{day}", "reports": ["{report}"]}}.',
            )
        )
    return findings


def _not_published(catalog_dir: Path, day: date) -> list[str]:
    """Return the reports that say they are published each night, and are not of this one."""
    with warehouse_engine().connect() as warehouse:
        there = set(
            warehouse.execute(
                text("select distinct report_code from edition where from_date = :day and to_date = :day"), {"day": day}
            ).scalars()
        )
    return [report for report in publishing_rules(catalog_dir, "nights", day_period(day)) if report not in there]
