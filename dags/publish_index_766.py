"""**What.** Airflow publishes index 766 (QĐ 766/QĐ-TTg) of the province for the calendar month that ended: every row
with its counts and evidence, what is missing to the next class, the change and the place. It also publishes every other
report with the clock `calendar_months`. Each result is an edition in the warehouse, a workbook and a page.

**Why.** The portal scores by calendar month, and form II.06a runs from the 15th to the 14th, so each has its own clock.

**When.** 06:00 Asia/Ho_Chi_Minh on the 2nd, when sources that did not answer in the last night were tried again. The
files of the reports in the catalogue state which reports are published then. By hand: trigger with
`{"period": "CAL_MONTH:2023-10"}`, and optionally `"unit": "84"`, `"reports": ["index-766"]`,
`"completeness": "provisional"` or `"final"`.

**When it fails.** The log names the batches or the definition that prevent the report. Correct them and clear the task:
an unchanged index is not published twice.
"""

from motcua.orchestration.reports import publish_dag

dag = publish_dag(
    "publish_index_766",
    "calendar_months",
    description="Bộ chỉ số 766 theo tháng / Index 766 of the calendar month that ended",
    doc_md=__doc__,
)
