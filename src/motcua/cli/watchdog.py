"""`motcua watchdog`: checks that the night ran. For cron or systemd; it needs neither Airflow nor its scheduler."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from motcua.cli.console import errors, output, print_json
from motcua.settings import TIMEZONE


def watchdog(
    night: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The night of this day. Default: yesterday.")
    ] = None,
    lang: Annotated[str, typer.Option(help="vi or en.")] = "vi",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Check that the night ran. Exit code 0: it is complete; 1: something is missing; 2: it did not run."""
    from motcua.alerts import raise_alert
    from motcua.obligations import watch_night

    day = night.date() if night else datetime.now(ZoneInfo(TIMEZONE)).date() - timedelta(days=1)
    findings = watch_night(day)
    for finding in findings:
        raise_alert({"kind": "watchdog", "night": day.isoformat(), **dataclasses.asdict(finding)})
    if as_json:
        print_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            message = finding.message_en if lang == "en" else finding.message_vi
            errors.print(f"{finding.severity}: {message}", markup=False, highlight=False, soft_wrap=True)
            errors.print(f"What to do: {finding.action}", markup=False, highlight=False, soft_wrap=True)
        if not findings:
            output.print(
                f"The night of {day} is complete." if lang == "en" else f"Đêm {day:%d/%m/%Y} đã chạy đủ.",
                highlight=False,
            )
    if findings:
        raise typer.Exit(2 if any(finding.severity == "stopped" for finding in findings) else 1)
