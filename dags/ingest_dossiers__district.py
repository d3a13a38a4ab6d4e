"""**What.** Every night Airflow pulls the dossiers of the districts from their one-stop systems, sets records
that break a rule aside (with the reason) and merges the others into the store. Sources are pulled in chunks. A source
that does not answer delays no other source: it is skipped, and tried again with more patience after the others
(`ask_again`).

**Why.** Every figure that an office receives is a sum over these dossiers. A missing source must be named, not counted
as zero.

**When.** 01:00 Asia/Ho_Chi_Minh, for the day before: the days since the last answer of each source, plus its overlap.
By hand for a month or for some sources: trigger with `{"from": "2023-10-01", "to": "2023-10-31", "sources": []}`.

**When it fails.** `name_missing_sources` is red: the log names each missing source, the reason, and the conf that pulls
them again. All other sources were processed and measured without waiting, and reports stay provisional. Another task is
red: clear it; completed work is not repeated.
"""

from motcua.orchestration.ingest import ingest_dag

dag = ingest_dag("district", doc_md=__doc__)
