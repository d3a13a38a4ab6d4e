"""**What.** Every night Airflow pulls the dossiers of the provincial centre from their one-stop systems, sets
aside what breaks a rule (with the reason) and merges the rest into the store. Sources go in chunks. A source
that does not answer delays no other: it is left, and asked again with patience once the others are in (`ask_again`).

**Why.** Every figure an office receives is a sum over these dossiers; a source that is missing must be named,
not counted as zero.

**When.** 01:00 Asia/Ho_Chi_Minh, for the day before: the days since each source last answered, plus its
overlap. By hand for a month or for named sources: trigger with `{"from": "2023-10-01", "to": "2023-10-31",
"sources": []}`.

**When it fails.** `name_missing_sources` red: the log names each source, why, and the conf that asks them
again; everything else has gone through, was measured without waiting for them, and reports stay provisional.
Another task red: clear it; what is done already is not repeated.
"""

from motcua.orchestration.ingest import ingest_dag

dag = ingest_dag("province", doc_md=__doc__)
