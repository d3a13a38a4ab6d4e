"""**What.** Airflow publishes form II.06a (TT 01/2020/TT-VPCP) of the province for every reporting period that has just
ended: the month, and the quarter, half-year, nine months or year that end with it. It also publishes every other report
with the clock `reporting_periods`. Each result is an edition in the warehouse, a workbook in the layout of the form and
a page.

**Why.** NĐ 09/2019/NĐ-CP Điều 12 closes the periods on the 14th; offices receive the figures on the 15th.

**When.** On the 15th, six hours after the period ended, when the night of the 14th is loaded. By hand for any period:
trigger with `{"period": "CAL_MONTH:2023-10"}` or `{"period": "2023-10-01..2023-10-31"}`, and optionally `"unit": "84"`,
`"reports": ["digitisation"]`, `"completeness": "auto"`, `"provisional"` or `"final"`. Final needs every source; auto
decides. A form for which no source has data is left out, and the log says so.

**When it fails.** The log names the sources, identity or batches that prevent the report. Pull the sources again (the
ingest DAGs, conf `sources`), then clear the task: an unchanged report is not published twice.
"""

from motcua.orchestration.reports import publish_dag

dag = publish_dag(
    "publish_period_reports",
    "reporting_periods",
    description="Báo cáo định kỳ, biểu II.06a / Form II.06a and others of the periods that ended",
    doc_md=__doc__,
)
