"""**What.** Requests the National Portal's public figures of the calendar month that ended, and compares them with
ours by unit and procedure. Each difference has a type (missing there, missing here, state, date, duplicate, unit
mapping) and is stored with the day on which it was first seen.

**Why.** Offices are ranked by the portal's figures, so we must find a difference before they ask about it.

**When.** 06:00 Asia/Ho_Chi_Minh on the 3rd. By hand: trigger with `{"period": "CAL_MONTH:2023-10", "unit": "84"}`.

**When it fails.** The log states whether the portal does not answer, its answer differs from `national_portal.yaml`, or
a department is not mapped. Correct it and clear the task: an open difference keeps its age. Without the connection
`national_portal`, the run is skipped.
"""

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from motcua.orchestration.defaults import DAG_ARGS, Tag
from motcua.orchestration.schedule import clock


@dag(
    dag_id="reconcile_national_portal",
    description="Đối chiếu với Cổng DVCQG / Our figures compared with the National Portal's",
    doc_md=__doc__,
    schedule=clock.after_each_month(),
    tags=[Tag.PUBLISH],
    params={
        "period": Param(None, type=["null", "string"], description="Kỳ / CAL_MONTH:2023-10"),
        "unit": Param(None, type=["null", "string"], description="Mã đơn vị / official code of the province"),
    },
    **DAG_ARGS,
)
def reconcile_national_portal_dag() -> None:
    @task
    def compare_with_portal() -> dict[str, Any]:
        from motcua.orchestration import reconciling

        context = get_current_context()
        return reconciling.compare_with_portal(context["params"], context["dag_run"])

    compare_with_portal()


reconcile_national_portal_dag()
