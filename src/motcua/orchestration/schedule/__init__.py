"""When DAGs run and for which days: timetables, the clock of the installation, and the days of a run."""
