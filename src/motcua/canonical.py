"""The canonical dossier record: what every adapter yields, whatever its source speaks.

One Arrow schema, used by landing, validation and the bulk load. Instants are local wall-clock time of
Asia/Ho_Chi_Minh without a zone: the legal tests compare calendar days there, and the zone has no daylight
saving. Nothing here is personal data but `applicant_ref`, a keyed HMAC, and `dossier_no`, which stays in the
store and never reaches the warehouse (domain.md section 7).
"""

from __future__ import annotations

from enum import IntEnum

import pyarrow as pa


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

# What identifies a record and says what became of it in the pull.
IDENTITY = pa.schema(
    [
        ("record_no", pa.int32()),  # 0-based position in the pull
        ("disposition", pa.string()),  # record | duplicate | out_of_window
        ("disposition_reason", pa.string()),
        ("system_code", pa.string()),
        ("agency_code", pa.string()),
        ("dossier_id", pa.string()),
    ]
)

# What the source says of the dossier: the columns whose change makes a new version.
CONTENT = pa.schema(
    [
        ("dossier_no", pa.string()),
        ("reference_uid", pa.string()),
        ("parent_dossier_id", pa.string()),
        ("unit_code", pa.string()),  # electronic code of the handling agency, as the source spells it
        ("procedure_code", pa.string()),  # national form, 1.001193
        ("procedure_suffix", pa.string()),  # what followed it, 000.00.00.H58
        ("source_field_code", pa.string()),
        ("status_code", pa.int16()),
        ("source_status", pa.string()),
        ("channel_code", pa.int16()),
        ("submitted_at", pa.timestamp("us")),
        ("received_at", pa.timestamp("us")),
        ("due_at", pa.timestamp("us")),
        ("finished_at", pa.timestamp("us")),
        ("returned_at", pa.timestamp("us")),
        ("refused_at", pa.timestamp("us")),
        ("paused_at", pa.timestamp("us")),
        ("is_clock_stopped", pa.bool_()),
        ("supplement_count", pa.int16()),
        ("apology_count", pa.int16()),
        ("apology_at", pa.timestamp("us")),
        ("fee_amount", pa.int64()),  # VND
        ("paid_online_code", pa.int16()),  # 0 no, 1 national portal, 2 local gateway
        ("online_level", pa.int16()),  # OnlineLevel; 1 and 2 are information only
        ("applicant_kind", pa.string()),
        ("applicant_ref", pa.string()),  # <key id>:<hmac>, never the number itself
        # Facts of which null means that the source does not say, never none (domain.md section 3.4 and row 4 of 1.2).
        ("components_count", pa.int32()),  # papers handed in
        ("components_digitised_count", pa.int32()),
        ("components_reused_count", pa.int32()),
        ("components_from_store_count", pa.int32()),  # from the personal store of the national portal
        ("has_electronic_result", pa.bool_()),
        ("is_identity_verified", pa.bool_()),  # the applicant's account, by VNeID
        ("uses_population_data", pa.bool_()),
        ("is_non_territorial", pa.bool_()),  # taken in by a unit other than the competent one
        ("is_synced_to_portal", pa.bool_()),
        ("overdue_reason_code", pa.string()),  # include/catalog/forms/overdue_reasons.csv
        ("satisfaction_code", pa.string()),  # satisfied | unsatisfied
    ]
)

# Said of the record, but not of the dossier: a change here alone makes no version.
TRACE = pa.schema(
    [
        ("modified_at", pa.timestamp("us")),
        ("previous_applicant_refs", pa.string()),  # while a key rotates: applicant_ref under the keys it replaces
        ("mapping_issues", pa.string()),  # fields that did not parse, "due_at: not dd/MM/yyyy; ..."
    ]
)

LANDING_SCHEMA = pa.schema([*IDENTITY, *CONTENT, *TRACE])

# What validation adds to an accepted record before it is consolidated.
RESOLVED = pa.schema(
    [
        ("unit_id", pa.string()),
        ("field_code", pa.string()),
    ]
)

ACCEPTED_SCHEMA = pa.schema([*LANDING_SCHEMA, *RESOLVED])
KEY_COLUMNS = ("system_code", "agency_code", "dossier_id")
