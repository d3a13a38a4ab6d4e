"""The petition (phản ánh, kiến nghị): days and outcome, never its text and nobody's name.

Days are calendar days of Asia/Ho_Chi_Minh. `petition_id` stays in the store and never reaches the warehouse.
"""

from __future__ import annotations

from motcua.canonical.kind import DAY, FLAG, TEXT, Field, RecordKind

# What a petition is about. The form and the index count the first two (NĐ 20/2008/NĐ-CP); the third is kept beside.
PETITION_KINDS = ("behaviour", "regulation", "other")

PETITION = RecordKind(
    name="petition",
    vi="phản ánh, kiến nghị",
    en="petitions",
    id_column="petition_id",
    content=(
        Field("unit_code", TEXT, "apart"),  # what the source calls the unit; `unit_id` says whom it means
        Field("kind", TEXT),  # PETITION_KINDS
        Field("about", TEXT),  # procedure | official
        Field("received_on", DAY),
        Field("due_on", DAY),
        Field("handled_on", DAY),  # answered or refused
        Field("published_on", DAY),
        Field("is_satisfied", FLAG),
        Field("is_repeated", FLAG),  # petitioned again about the same
    ),
    trace=(
        Field("place", TEXT),  # where it stands: file, sheet and row
        Field("mapping_issues", TEXT),  # fields that could not be read, without a value: "due_on: not dd/MM/yyyy"
    ),
    landed=(Field("stands_in", TEXT),),  # JSON: where the row stands (motcua.extract.wire.evidence)
    resolved=(Field("unit_id", TEXT),),
    reference=("received_on",),
    received=("petition_received",),
)
