"""**What.** Airflow publishes every report of every period that is over and not final, or whose figures changed since
its final edition; and every other edition in force for which that holds, whoever published it. Each result is an
edition in the warehouse, a workbook and a page; what did not change is not published twice.

**Why.** A source that answers on the 16th, or a scheduler that was away for 40 days, must not leave a report
provisional or unpublished. Publishing follows the state of the store, not a clock. Nothing is published before a first
pull.

**When.** 05:30 Asia/Ho_Chi_Minh each day. `motcua report plan --unit 84` shows what it would publish. By hand: trigger
it, optionally with `"unit": "84"`, `"reports": ["form-06"]`.

**When it fails.** The log names the identity, the measures or the batches that prevent a report. Correct them and clear
the task, or wait: the next night tries again. A warning names each pull that is held beside final editions.
"""

from motcua.orchestration.reports import publish_dag

dag = publish_dag(
    "publish_unfinished_periods",
    "unfinished",
    description="Báo cáo của các kỳ chưa chính thức / Reports of periods that are over and not final",
    doc_md=__doc__,
)
