"""**What.** Every night Airflow reads the dropped tables of petitions (phản ánh, kiến nghị), one source of
`petitions/*.yaml` at a time. It reads only days and outcome, never the text or the petitioner.

**Why.** The form of petitions and rows 5.2 and 5.3 of index 766 count them. Files that arrive by day must be in the
figures of the next morning.

**When.** 00:30 Asia/Ho_Chi_Minh, before the dossiers and their measures. When the catalogue has no source of petitions,
the run is skipped. By hand for some sources: trigger with `{"sources": ["tra-vinh.petitions"]}`.

**When it fails.** `take_petitions` is red: the log names the file, row and rule of each refused row; the other rows are
stored. Correct the file or the source in `petitions/` and clear the task: the newest file of a petition counts.
"""

from airflow.sdk import Param, dag, get_current_context, task

from motcua.orchestration.defaults import DAG_ARGS, Tag
from motcua.orchestration.schedule import clock


@dag(
    dag_id="ingest_petitions",
    description="Tiếp nhận phản ánh, kiến nghị / Takes in dropped tables of petitions",
    doc_md=__doc__,
    schedule=clock.before_the_night(),
    tags=[Tag.EXTRACT],
    params={"sources": Param([], type="array", items={"type": "string"}, description="Nguồn / only these sources")},
    **DAG_ARGS,
)
def ingest_petitions_dag() -> None:
    @task
    def plan_sources() -> list[str]:
        from motcua.orchestration import petitions

        return petitions.plan_sources(get_current_context()["params"])

    @task(map_index_template="{{ source_id }}")
    def take_petitions(source_id: str) -> dict[str, int]:
        from motcua.orchestration import petitions

        get_current_context()["source_id"] = source_id
        return petitions.take(source_id)

    take_petitions.expand(source_id=plan_sources())


ingest_petitions_dag()
