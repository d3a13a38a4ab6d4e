"""**What.** Airflow publishes the nightly brief of the province: received, resolved, open, overdue, due within three
working days, which sources answered, the change from the day before; and every other report that says it goes with
the clock `nights`. An edition in the warehouse, a workbook, a page.

**Why.** The office reads it in the morning; it must say what it lacks rather than look complete.

**When.** As soon as the measures hold the night and every level has closed it; a run that comes earlier is
skipped and its log says which level it waits for. At 05:00 whatever happened: then provisional, naming what is
missing. By hand: trigger with `{"day": "2023-10-31"}`.

**When it fails.** The log says which identity, batch or setting stands in the way. Correct it and clear the
task: an unchanged brief is not published twice.
"""

from motcua.orchestration.reports import publish_dag

dag = publish_dag(
    "publish_nightly_brief",
    "nights",
    description="Bản tin hằng đêm / The brief the office reads in the morning",
    doc_md=__doc__,
)
