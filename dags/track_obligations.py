"""**What.** Writes what each unit owes for the periods ahead, and sends reminders of missing reports: three working
days and one working day before a report is due, on the day, and one working day after.

**Why.** Missing is not zero: an obligation is a row that exists before it is due, so that a missing report is visible.

**When.** 07:00 Asia/Ho_Chi_Minh each day. By hand for another day: trigger with `{"day": "2023-10-13"}`.

**When it fails.** The log names the rule of `obligations.yaml` or the database error that caused it. Clear the task: a
row is written once, and a reminder is sent once.
"""

from airflow.sdk import Param, dag, get_current_context, task

from motcua.orchestration.defaults import DAG_ARGS, Tag
from motcua.orchestration.schedule import clock


@dag(
    dag_id="track_obligations",
    description="Nghĩa vụ báo cáo và nhắc hạn / Obligations and reminders",
    doc_md=__doc__,
    schedule=clock.each_morning(),
    tags=[Tag.PUBLISH],
    params={"day": Param(None, type=["null", "string"], format="date", description="Ngày / the day")},
    **DAG_ARGS,
)
def track_obligations_dag() -> None:
    @task
    def plan_obligations() -> int:
        from motcua.orchestration import duties

        context = get_current_context()
        return duties.plan(context["params"], context["dag_run"])

    @task
    def send_reminders() -> dict[str, int]:
        from motcua.orchestration import duties

        context = get_current_context()
        return duties.remind(context["params"], context["dag_run"])

    plan_obligations() >> send_reminders()


track_obligations_dag()
