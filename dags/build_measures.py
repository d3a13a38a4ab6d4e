"""**What.** Applies every newly loaded batch to the daily measures. When the night is closed at every level, it also
recomputes all measures and compares them. Nothing is published from measures that differ.

**Why.** Increments keep the night short; the recomputation proves that they are right.

**When.** As soon as any level has closed its night (assets `dossiers__province`, `dossiers__district`,
`dossiers__commune`). By hand at any time: a batch that is already applied is not applied again.

**When it fails.** `build_measures` is red: clear it. `check_measures` is red: publish nothing, copy the store for the
defect report, then run `motcua measures rebuild` and clear the task.
"""

from typing import Any

from airflow.sdk import AssetAny, dag, get_current_context, task

from motcua.orchestration.assets import DOSSIERS, MEASURES
from motcua.orchestration.defaults import DAG_ARGS, Tag


@dag(
    dag_id="build_measures",
    description="Cộng dồn số liệu theo ngày / Keeps the daily measures",
    doc_md=__doc__,
    schedule=AssetAny(*DOSSIERS.values()),
    tags=[Tag.AGGREGATE],
    **DAG_ARGS,
)
def build_measures_dag() -> None:
    @task
    def build_measures() -> dict[str, Any]:
        from motcua.orchestration import measuring

        return measuring.build(get_current_context()["triggering_asset_events"])

    @task(retries=0, outlets=[MEASURES])
    def check_measures(built: dict[str, Any]) -> dict[str, Any]:
        from motcua.orchestration import measuring

        checked = measuring.check(built)
        get_current_context()["outlet_events"][MEASURES].extra = checked
        return checked

    check_measures(build_measures())


build_measures_dag()
