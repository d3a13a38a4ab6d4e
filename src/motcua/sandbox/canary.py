"""A made-up person planted in every one-stop system, so that tests can search everything a run leaves behind.

None of these strings may be found outside the sandbox: personal data stops at the edge (design.md idea 7).
"""

from __future__ import annotations

CANARY_NAME = "HUỲNH THỊ KIM TƯỚC BẠCH"
CANARY_PHONE = "0067890123"
CANARY_ID_NUMBER = "999084777123"
CANARY_EMAIL = "kim.tuoc.bach@example.com"
CANARY_PASSWORD = "mat-khau-6jq2"  # noqa: S105  the plaintext look-up password of an invented dossier
CANARY_STRINGS = (CANARY_NAME, CANARY_PHONE, CANARY_ID_NUMBER, CANARY_EMAIL, CANARY_PASSWORD)
"""Every planted string; the name also stands in free text, where no field list would find it."""
