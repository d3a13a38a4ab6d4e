"""The family of publishing DAGs: one per clock that starts reports, built by one function.

The files of the reports state which clock starts them (`published` in `include/catalog/forms/` and `index/`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import DAG, Param, dag, get_current_context, task

from motcua.orchestration.assets import MEASURES
from motcua.orchestration.defaults import DAG_ARGS, DEFAULT_ARGS, Tag
from motcua.orchestration.schedule import clock as times

if TYPE_CHECKING:  # importing the catalogue would add a second to each parsing
    from motcua.catalog.forms import Clock

SCHEDULES: Mapping[str, Callable[[], Any]] = {
    "nights": lambda: times.after_asset_or_by_five(MEASURES),
    "reporting_periods": times.reporting_periods,
    "calendar_months": times.calendar_months,
    "unfinished": times.after_the_night,
}
_DAY = {"day": Param(None, type=["null", "string"], format="date", description="Ngày / the day reported")}
_PERIOD = {"period": Param(None, type=["null", "string"], description="Kỳ / CAL_MONTH:2023-10, from..to")}
_DAYS_ASKED: Mapping[str, dict[str, Param]] = {"nights": _DAY, "unfinished": {}}
_SHARED = {
    "unit": Param(None, type=["null", "string"], description="Mã đơn vị / official code of the unit"),
    "reports": Param([], type="array", items={"type": "string"}, description="Báo cáo / only these reports"),
    "completeness": Param("auto", enum=["auto", "provisional", "final"], description="Đầy đủ hay chưa / completeness"),
}


def publish_dag(dag_id: str, clock: Clock | Literal["unfinished"], description: str, doc_md: str | None) -> DAG:
    """Build a publishing DAG: plan_reports → publish_report for each report and period.

    Args:
        clock: starts the DAG; it publishes the reports whose `published` names this clock. `unfinished` is no clock of
            a report: the DAG publishes, each night, what the store says is not final.
    """

    @dag(
        dag_id=dag_id,
        description=description,
        doc_md=doc_md,
        schedule=SCHEDULES[clock](),
        tags=[Tag.PUBLISH],
        params={**_DAYS_ASKED.get(clock, _PERIOD), **_SHARED},
        **DAG_ARGS,
    )
    def publish() -> None:
        # Batches may load between measuring and publishing at 05:00, so a retry helps there.
        policy = None if clock == "nights" else DEFAULT_ARGS["retry_policy"]

        @task(retry_policy=policy)
        def plan_reports() -> list[dict[str, str]]:
            from motcua.orchestration import publishing

            context = get_current_context()
            if clock == "unfinished":
                return publishing.plan_unfinished(context["params"])
            events = context.get("triggering_asset_events")
            return publishing.plan_reports(clock, context["params"], context["dag_run"], events)

        @task(map_index_template="{{ report }} {{ period }}", retry_policy=policy)
        def publish_report(
            report: str, period: str, unit: str | None = None, on_map: str | None = None
        ) -> dict[str, Any]:
            from motcua.orchestration import publishing

            context: Any = get_current_context()
            context.update({"report": f"{report} {unit}" if unit else report, "period": period})
            return publishing.publish_report(report, period, context["params"], unit, on_map)

        publish_report.expand_kwargs(plan_reports())

    return publish()
