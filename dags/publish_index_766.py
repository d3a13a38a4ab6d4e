"""**What.** Publishes index 766 (QĐ 766/QĐ-TTg) of the province for the calendar month that ended: every row with its
counts and evidence, what is missing to the next class, the change and the place. The result is an edition in the
warehouse, a workbook and a page.

**Why.** The portal scores by calendar month, and form II.06a runs from the 15th to the 14th, so each has its own clock.

**When.** 06:00 Asia/Ho_Chi_Minh on the 2nd, when sources that did not answer in the last night were tried again.
`publishing.yaml` states which reports are published then. By hand: trigger with `{"period": "CAL_MONTH:2023-10"}`, and
optionally `"unit": "84"` and `"state": "provisional"` or `"final"`.

**When it fails.** The log names the batches or the definition that prevent the report. Correct them and clear the task:
an unchanged index is not published twice.
"""

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from motcua.orchestration.defaults import DAG_ARGS, Tag
from motcua.orchestration.schedule import clock


@dag(
    dag_id="publish_index_766",
    description="Bộ chỉ số 766 theo tháng / Index 766 of the calendar month that ended",
    doc_md=__doc__,
    schedule=clock.calendar_months(),
    tags=[Tag.PUBLISH],
    params={
        "period": Param(None, type=["null", "string"], description="Kỳ / CAL_MONTH:2023-10"),
        "unit": Param(None, type=["null", "string"], description="Mã đơn vị / official code of the unit"),
        "state": Param("auto", enum=["auto", "provisional", "final"], description="Trạng thái / state"),
    },
    **DAG_ARGS,
)
def publish_index_766_dag() -> None:
    @task
    def plan_reports() -> list[dict[str, str]]:
        from motcua.orchestration import publishing

        context = get_current_context()
        return publishing.plan_calendar_reports(context["params"], context["dag_run"])

    @task(map_index_template="{{ report }} {{ period }}")
    def publish_report(report: str, period: str) -> dict[str, Any]:
        from motcua.orchestration import publishing

        context = get_current_context()
        context.update({"report": report, "period": period})
        return publishing.publish_report(report, period, context["params"])

    publish_report.expand_kwargs(plan_reports())


publish_index_766_dag()
