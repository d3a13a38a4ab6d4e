"""**What.** Every night Airflow reads the dropped tables of petitions (phản ánh, kiến nghị), one source of
`petitions/*.yaml` at a time. They pass the same stages as dossiers: extract, validate, consolidate. Only days and
outcome are read, never the text or the petitioner.

**Why.** The form of petitions and rows 5.2 and 5.3 of index 766 count them. Files that arrive by day must be in the
figures of the next morning.

**When.** 00:30 Asia/Ho_Chi_Minh, before the dossiers and their measures. When the catalogue has no source of petitions,
the run is skipped. By hand for some sources: trigger with `{"sources": ["tra-vinh.petitions"]}`.

**When it fails.** `name_missing_sources` is red: a source was not loaded, or petitions were set aside. The log names
each, with its rule; all others are loaded. Correct the file or the source in `petitions/` and trigger the DAG: the
newest file of a petition counts. Until then the rows of the index that it may change are not available.
"""

from airflow.sdk import Param, TriggerRule, dag, get_current_context, task, task_group

from motcua.orchestration.defaults import DAG_ARGS, Tag
from motcua.orchestration.schedule import clock


@dag(
    dag_id="ingest_petitions",
    description="Tiếp nhận phản ánh, kiến nghị / Takes in dropped tables of petitions",
    doc_md=__doc__,
    schedule=clock.before_the_night(),
    tags=[Tag.EXTRACT, Tag.VALIDATE, Tag.CONSOLIDATE],
    params={"sources": Param([], type="array", items={"type": "string"}, description="Nguồn / only these sources")},
    **DAG_ARGS,
)
def ingest_petitions_dag() -> None:
    @task
    def plan_batches() -> list[list[str]]:
        from motcua.orchestration import record_kinds

        context = get_current_context()
        return record_kinds.plan("petition", context["params"], context["dag_run"])

    @task
    def extract_sources(batch_ids: list[str]) -> dict[str, int]:
        from motcua.orchestration import night

        return night.extract(batch_ids, is_patient=True)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def validate_batches(batch_ids: list[str]) -> dict[str, int]:
        from motcua.orchestration import night

        return night.validate(batch_ids)

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def consolidate_batches(batch_ids: list[str]) -> dict[str, int]:
        from motcua.orchestration import night

        return night.consolidate(batch_ids)

    @task(retries=0, trigger_rule=TriggerRule.ALL_DONE)
    def name_missing_sources() -> dict[str, int]:
        from motcua.orchestration import record_kinds

        return record_kinds.name_missing_sources("petition", get_current_context()["run_id"])

    @task_group
    def chunk(batch_ids: list[str]) -> None:
        extract_sources(batch_ids) >> validate_batches(batch_ids) >> consolidate_batches(batch_ids)

    chunk.expand(batch_ids=plan_batches()) >> name_missing_sources()


ingest_petitions_dag()
