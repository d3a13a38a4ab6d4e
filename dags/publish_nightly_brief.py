"""**What.** Airflow publishes the nightly brief of the province: received, resolved, open, overdue, due within three
working days, the sources that answered, and the change from the day before. It also publishes every other report with
the clock `nights`. Each result is an edition in the warehouse, a workbook and a page.

**Why.** The office reads it in the morning. It must state what is missing instead of looking complete.

**When.** As soon as the measures contain the night and every level has closed it. A run that starts earlier is skipped,
and its log names the levels it waits for. At 05:00 in any case: then the brief is provisional and names what is
missing. By hand: trigger with `{"day": "2023-10-31"}`.

**When it fails.** The log names the identity, batch or setting that prevents the brief. Correct it and clear the task:
an unchanged brief is not published twice.
"""

from motcua.orchestration.reports import publish_dag

dag = publish_dag(
    "publish_nightly_brief",
    "nights",
    description="Bản tin hằng đêm / The brief the office reads in the morning",
    doc_md=__doc__,
)
