"""Registers with Airflow what DAG files may refer to.

One flat file: Airflow runs every .py under plugins/ as a top-level module named by its stem.
"""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from motcua.orchestration.schedule.timetables import ReportingPeriodTimetable


class MotcuaPlugin(AirflowPlugin):
    """The timetables of `motcua.orchestration`."""

    name = "motcua"
    timetables = [ReportingPeriodTimetable]  # noqa: RUF012  Airflow reads a plain class attribute
