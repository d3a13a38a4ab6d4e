"""The family of nightly DAGs: one per level, built by one function."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, TriggerRule, dag, get_current_context, task, task_group

from motcua.catalog.models import Level
from motcua.orchestration.assets import DOSSIERS
from motcua.orchestration.defaults import DAG_ARGS, Tag
from motcua.orchestration.schedule import clock

_VIETNAMESE = {"province": "cấp tỉnh", "district": "cấp huyện", "commune": "cấp xã"}

PARAMS = {
    "from": Param(None, type=["null", "string"], format="date", description="Từ ngày / first day of the window"),
    "to": Param(None, type=["null", "string"], format="date", description="Đến ngày / last day of the window"),
    "sources": Param(
        [],
        type="array",
        items={"type": "string"},
        description="Mã nguồn, trống là tất cả / source ids; empty means every source of the level",
    ),
}


def ingest_dag(level: Level, doc_md: str | None) -> DAG:
    """Build `ingest_dossiers__<level>`.

    plan_batches → for each chunk of sources: extract_sources → validate_batches → consolidate_batches → close_night
    (updates the asset, even after failures). What is ready while other sources of the chunk are still being pulled
    goes on as far as the measures within seconds; the two tasks after it do what is left. A source that does not
    answer while its chunk is pulled is skipped. After all chunks: list_unanswered → ask_again (the same three steps
    with more patience) → close_again (updates the asset again; skipped when no source was left). The last task is
    name_missing_sources, which fails when a source is missing. So no source that answers waits for one that does
    not, in the store or in the measures.

    A stage that failed batches fails its task, and the next stage goes on with the others: to clear a red task
    repeats what its stage failed. Tasks are mapped over chunks, never over sources, because the executor needs 0.65
    s per task.
    """

    @dag(
        dag_id=f"ingest_dossiers__{level}",
        description=f"Thu nhận hồ sơ {_VIETNAMESE[level]} mỗi đêm / Nightly intake of {level} dossiers",
        doc_md=doc_md,
        schedule=clock.nightly(),
        tags=[Tag.EXTRACT, Tag.VALIDATE, Tag.CONSOLIDATE, Tag(level)],
        params=PARAMS,
        **DAG_ARGS,
    )
    def ingest() -> None:
        @task
        def plan_batches() -> list[list[str]]:
            from motcua.orchestration import night

            context = get_current_context()
            return night.plan(level, context["params"], context["dag_run"])

        @task
        def extract_sources(batch_ids: list[str], is_patient: bool) -> dict[str, int]:
            from motcua.orchestration import night

            return night.extract(batch_ids, is_patient=is_patient)

        @task(trigger_rule=TriggerRule.ALL_DONE)
        def validate_batches(batch_ids: list[str]) -> dict[str, int]:
            from motcua.orchestration import night

            return night.validate(batch_ids)

        @task(trigger_rule=TriggerRule.ALL_DONE)
        def consolidate_batches(batch_ids: list[str]) -> dict[str, int]:
            from motcua.orchestration import night

            return night.consolidate(batch_ids)

        @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[DOSSIERS[level]])
        def close_night() -> dict[str, Any]:
            from motcua.orchestration import night

            context = get_current_context()
            closed = night.close(level, context["run_id"])
            context["outlet_events"][DOSSIERS[level]].extra = closed
            return closed

        @task(trigger_rule=TriggerRule.ALL_DONE)
        def list_unanswered() -> list[list[str]]:
            from motcua.orchestration import night

            return night.unanswered(level, get_current_context()["run_id"])

        @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[DOSSIERS[level]])
        def close_again(asked_again: Any) -> dict[str, Any]:
            from motcua.orchestration import night

            context = get_current_context()
            closed = night.close_again(level, context["run_id"], asked_again)
            context["outlet_events"][DOSSIERS[level]].extra = closed
            return closed

        @task(retries=0, trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
        def name_missing_sources() -> int:
            from motcua.orchestration import night

            return night.name_missing(level, get_current_context()["run_id"])

        @task_group
        def chunk(batch_ids: list[str]) -> None:
            extract_sources(batch_ids, False) >> validate_batches(batch_ids) >> consolidate_batches(batch_ids)

        @task_group
        def ask_again(batch_ids: list[str]) -> None:
            extract_sources(batch_ids, True) >> validate_batches(batch_ids) >> consolidate_batches(batch_ids)

        answered = chunk.expand(batch_ids=plan_batches())
        named = name_missing_sources()
        answered >> close_night() >> named
        unanswered = list_unanswered()
        answered >> unanswered
        ask_again.expand(batch_ids=unanswered) >> close_again(unanswered) >> named

    return ingest()
