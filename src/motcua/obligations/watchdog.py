"""The watchdog: it checks whether the night ran. It needs the two databases but no scheduler.

It is a plain command for cron or systemd, if possible on another machine, because a stopped scheduler cannot report it.
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
    """A problem of a night. `stopped`: someone must start it. `incomplete`: it ran, but a part is missing."""

    code: str
    severity: Severity
    message_vi: str
    message_en: str
    action: str


def watch_night(day: date) -> list[Finding]:
    """Return the problems of the night of a day. There is none when every source is loaded, measured and published.

    The night of day D is pulled from 00:00 of D + 1 on. The check reads only the ledger and the editions.
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
                    " where window_to >= :day and planned_at >= :began and replay_of is null group by level"
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
    not_run = [level for level in LEVELS if due[level] and not planned.get(level)]
    if not_run == [level for level in LEVELS if due[level]] and not_run:
        return [
            Finding(
                "night_did_not_run",
                "stopped",
                f"Đêm {day:%d/%m/%Y} hoàn toàn không chạy: không có lô nào được lập.",
                f"The night of {day} did not run at all: no batch was planned for {', '.join(not_run)}.",
                "check that the scheduler runs and that the DAGs ingest_dossiers__* are not paused; then trigger them"
                f' with {{"to": "{day}"}} or run `motcua ingest --to {day}`.',
            )
        ]
    for level in not_run:
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
        if level in not_run or not sources:
            continue
        cells = ledger.completeness([source.source_id for source in sources], day, day)
        incomplete = [cell for cell in cells if is_lacking(cell.cell)]
        if incomplete:
            named = "; ".join(f"{cell.source_id} ({cell_text(cell.cell, 'en').lower()})" for cell in incomplete[:5])
            named += f" and {len(incomplete) - 5} more" if len(incomplete) > 5 else ""
            findings.append(
                Finding(
                    "sources_lacking",
                    "incomplete",
                    f"Đêm {day:%d/%m/%Y}, cấp {level}: thiếu {len(incomplete)}/{len(cells)} nguồn.",
                    f"The night of {day}, level {level}: {len(incomplete)} of {len(cells)} sources are incomplete:"
                    f" {named}.",
                    f"see the reason with `motcua sources list --level {level}` and pull them again with"
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
    """Return the reports that are published each night and are not published for this one."""
    with warehouse_engine().connect() as warehouse:
        published = set(
            warehouse.execute(
                text("select distinct report_code from edition where from_date = :day and to_date = :day"), {"day": day}
            ).scalars()
        )
    return [report for report in publishing_rules(catalog_dir, "nights", day_period(day)) if report not in published]
