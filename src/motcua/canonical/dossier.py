"""The dossier (hồ sơ): what every adapter of a one-stop system yields, whatever its source speaks.

Instants are local wall-clock time of Asia/Ho_Chi_Minh without a zone: the legal tests compare calendar days there, and
the zone has no daylight saving. Nothing here is personal data but `applicant_ref`, a keyed HMAC, and `dossier_no`,
which stays in the store and never reaches the warehouse (domain.md section 7).
"""

from __future__ import annotations

from enum import IntEnum

from motcua.canonical.kind import BIG, FLAG, INSTANT, INTEGER, SMALL, TEXT, Field, RecordKind


class Status(IntEnum):
    """National status codes, TrangThaiHoSo (domain.md section 4.2)."""

    REGISTERED = 1
    ACCEPTED = 2
    NOT_ACCEPTED = 3
    IN_PROCESS = 4
    SUPPLEMENT_ASKED = 5
    PAYMENT_ASKED = 6
    WITHDRAWN = 7
    STOPPED = 8
    FINISHED = 9
    RETURNED = 10


class OnlineLevel(IntEnum):
    """How far a dossier's procedure goes online: of the levels 1 to 4 before NĐ 42/2022 the two that remain.

    3 is một phần (partial) and 4 toàn trình (full); inferred, domain.md section 4.6.
    """

    PARTIAL = 3
    FULL = 4


class Channel(IntEnum):
    """Channels of submission, KenhThucHien; a missing one counts as direct (domain.md section 4.3)."""

    DIRECT = 1
    ONLINE = 2
    POSTAL = 3


# Kinds of applicant, LoaiDoiTuong and its like in every system's lists (`applicant_kind`).
APPLICANT_KINDS = ("citizen", "business", "household_business", "state_agency", "other_organisation")

# A number that names its office, by the pattern of the national code (TT 01/2018/TT-VPCP Điều 19, Mã số hồ sơ): the
# office's electronic code in either order, the day, a counter. Such a number is one dossier wherever it stands; any
# other is unique in its office and year only. Read by Python and by PostgreSQL, without regard to letter case.
NAMES_OFFICE = r"^(?:\d{3}(?:\.\d{2,3}){2}\.[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{2,3}){0,4})-(?:\d{6}|\d{8})-\d{4,7}$"

# What the source says of the dossier: the columns whose change makes a new version. A new field comes last.
_CONTENT = (
    Field("dossier_no", TEXT, "always"),
    Field("reference_uid", TEXT, "always"),
    Field("parent_dossier_id", TEXT, "always"),
    Field("unit_code", TEXT, "always"),  # electronic code of the handling agency, as the source spells it
    Field("procedure_code", TEXT, "always"),  # national form, 1.001193
    Field("procedure_suffix", TEXT, "always"),  # what followed it, 000.00.00.H58
    Field("source_field_code", TEXT, "always"),
    Field("status_code", SMALL, "always"),
    Field("source_status", TEXT, "always"),
    Field("channel_code", SMALL, "always"),
    Field("submitted_at", INSTANT, "always"),
    Field("received_at", INSTANT, "always"),
    Field("due_at", INSTANT, "always"),
    Field("finished_at", INSTANT, "always"),
    Field("returned_at", INSTANT, "always"),
    Field("refused_at", INSTANT, "always"),
    Field("paused_at", INSTANT, "always"),
    Field("is_clock_stopped", FLAG, "always"),
    Field("supplement_count", SMALL, "always"),
    Field("apology_count", SMALL, "always"),
    Field("apology_at", INSTANT, "always"),
    Field("fee_amount", BIG, "always"),  # VND
    Field("paid_online_code", SMALL, "always"),  # 0 no, 1 national portal, 2 local gateway
    Field("online_level", SMALL, "always"),  # OnlineLevel; 1 and 2 are information only
    Field("applicant_kind", TEXT, "always"),
    Field("applicant_ref", TEXT, "apart"),  # <key id>:<hmac>, never the number itself
    # Facts of which null means that the source does not say, never none (domain.md section 3.4 and row 4 of 1.2).
    Field("components_count", INTEGER),  # papers handed in
    Field("components_digitised_count", INTEGER),
    Field("components_reused_count", INTEGER),
    Field("components_from_store_count", INTEGER),  # from the personal store of the national portal
    Field("has_electronic_result", FLAG),
    Field("is_identity_verified", FLAG),  # the applicant's account, by VNeID
    Field("uses_population_data", FLAG),
    Field("is_non_territorial", FLAG),  # taken in by a unit other than the competent one
    Field("is_synced_to_portal", FLAG),
    Field("overdue_reason_code", TEXT),  # include/catalog/forms/overdue_reasons.csv
    Field("satisfaction_code", TEXT),  # satisfied | unsatisfied
)

DOSSIER = RecordKind(
    name="dossier",
    vi="hồ sơ",
    en="dossiers",
    id_column="dossier_id",
    content=_CONTENT,
    kept=(Field("modified_at", INSTANT),),
    trace=(
        Field("previous_applicant_refs", TEXT),  # while a key rotates: applicant_ref under the keys it replaces
        Field("mapping_issues", TEXT),  # fields that did not parse, "due_at: not dd/MM/yyyy; ..."
    ),
    landed=(
        Field("as_sent", TEXT),  # JSON: what the fields were read from (motcua.extract.records.as_sent)
        Field("stands_in", TEXT),  # JSON: where the row stands (motcua.extract.wire.evidence)
    ),
    resolved=(Field("unit_id", TEXT, "always"), Field("field_code", TEXT, "always")),
    decided=(
        Field("reported_unit_id", TEXT),  # who reports it, where that is the heir of the unit that took it in
        Field("duplicate_of", TEXT),  # the dossier that counts in its stead
    ),
    reference=("received_at", "submitted_at"),
    step=(
        "parent_dossier_id",
        "dossier_no",
        "unit_code",
        "procedure_code",
        "status_code",
        "source_status",
        "received_at",
        "due_at",
        "finished_at",
        "returned_at",
    ),
    # The keyed HMACs of the applicant have no use in quarantine, and stay personal data (domain.md section 7).
    hidden=("applicant_ref", "previous_applicant_refs"),
    received=("received_online", "received_direct"),
    is_summed_by_day=True,
)

# The lists that code about dossiers alone is written in.
CONTENT = DOSSIER.schema_of("content")
TRACE = DOSSIER.schema_of("kept", "trace")
LANDING_SCHEMA = DOSSIER.landing_schema
ACCEPTED_SCHEMA = DOSSIER.accepted_schema
KEY_COLUMNS = DOSSIER.key
