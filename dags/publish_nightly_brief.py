"""**What.** Publishes the nightly brief of the province: received, resolved, open, overdue, due within three working
days, the sources that answered, and the change from the day before. The result is an edition in the warehouse, a
workbook and a page.

**Why.** The office reads it in the morning. It must state what is missing instead of looking complete.

**When.** As soon as the measures contain the night and every level has closed it. A run that starts earlier is skipped,
and its log names the levels it waits for. At 05:00 in any case: then the brief is provisional and names what is
missing. By hand: trigger with `{"day": "2023-10-31"}`.

**When it fails.** The log names the identity, batch or setting that prevents the brief. Correct it and clear the task:
an unchanged brief is not published twice.
"""

from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

from motcua.orchestration.assets import MEASURES
from motcua.orchestration.defaults import DAG_ARGS, Tag
from motcua.orchestration.schedule import clock


@dag(
    dag_id="publish_nightly_brief",
    description="Bản tin hằng đêm / The brief the office reads in the morning",
    doc_md=__doc__,
    schedule=clock.after_asset_or_by_five(MEASURES),
    tags=[Tag.PUBLISH],
    params={
        "day": Param(None, type=["null", "string"], format="date", description="Ngày / the day reported"),
        "unit": Param(None, type=["null", "string"], description="Mã đơn vị / official code of the unit"),
    },
    **DAG_ARGS,
)
def publish_nightly_brief_dag() -> None:
    # Batches may load between measuring and publishing at 05:00, so a retry helps here.
    @task(retry_policy=None)
    def publish_brief() -> list[dict[str, Any]]:
        from motcua.orchestration import publishing

        context = get_current_context()
        events = context["triggering_asset_events"]
        return publishing.publish_brief(context["params"], context["dag_run"], events)

    publish_brief()


publish_nightly_brief_dag()
