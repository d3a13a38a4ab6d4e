"""**What.** Every night Airflow reads the dropped tables of petitions (phản ánh, kiến nghị) that `petitions/*.yaml` of
the catalogue names, source by source. Only days and outcome are read, never the text or the petitioner.

**Why.** The form of petitions and rows 5.2 and 5.3 of index 766 count them; what is
dropped by day must be in the morning's figures.

**When.** 00:30 Asia/Ho_Chi_Minh, before the dossiers and their measures. Where the catalogue has no source of petitions
the run is skipped. By hand for named sources: trigger with `{"sources": ["tra-vinh.petitions"]}`.

**When it fails.** `take_petitions` red: the log names the file, row and rule of each row refused; the others are taken
in. Correct the file or the source in `petitions/` and clear the task: of a petition the newest file counts.
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
