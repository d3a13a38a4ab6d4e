"""When a DAG runs, and for which days: the timetables, the clock of the installation and the days of a run."""
