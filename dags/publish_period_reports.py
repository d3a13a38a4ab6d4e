"""**What.** Publishes form II.06a (TT 01/2020/TT-VPCP) of the province for every reporting period that has just
ended: the month, and the quarter, half-year, nine months or year that end with it. It also publishes the other forms
that `publishing.yaml` names. Each result is an edition in the warehouse, a workbook in the layout of the form and a
page.

**Why.** NĐ 09/2019/NĐ-CP Điều 12 closes the periods on the 14th; offices receive the figures on the 15th.

**When.** On the 15th, six hours after the period ended, when the night of the 14th is loaded. By hand for any period:
trigger with `{"period": "CAL_MONTH:2023-10"}` or `{"period": "2023-10-01..2023-10-31"}`, and optionally `"unit": "84"`,
`"reports": ["digitisation"]`, `"state": "auto"`, `"provisional"` or `"final"`. The state final needs every source; auto
decides. A form for which no source has data is left out, and the log says so.

**When it fails.** The log names the sources, identity or batches that prevent the report. Pull the sources again (the
ingest DAGs, conf `sources`), then clear the task: an unchanged report is not published twice.
"""

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from motcua.orchestration.defaults import DAG_ARGS, Tag
from motcua.orchestration.schedule import clock


@dag(
    dag_id="publish_period_reports",
    description="Báo cáo định kỳ, biểu II.06a / Form II.06a and others of the periods that ended",
    doc_md=__doc__,
    schedule=clock.reporting_periods(),
    tags=[Tag.PUBLISH],
    params={
        "period": Param(None, type=["null", "string"], description="Kỳ / CAL_MONTH:2023-10, from..to"),
        "unit": Param(None, type=["null", "string"], description="Mã đơn vị / official code of the unit"),
        "reports": Param([], type="array", items={"type": "string"}, description="Báo cáo / only these reports"),
        "state": Param("auto", enum=["auto", "provisional", "final"], description="Trạng thái / state"),
    },
    **DAG_ARGS,
)
def publish_period_reports_dag() -> None:
    @task
    def plan_reports() -> list[dict[str, str]]:
        from motcua.orchestration import publishing

        context = get_current_context()
        return publishing.plan_reports(context["params"], context["dag_run"])

    @task(map_index_template="{{ report }} {{ period }}")
    def publish_report(report: str, period: str) -> dict[str, Any]:
        from motcua.orchestration import publishing

        context = get_current_context()
        context.update({"report": report, "period": period})
        return publishing.publish_report(report, period, context["params"])

    publish_report.expand_kwargs(plan_reports())


publish_period_reports_dag()
