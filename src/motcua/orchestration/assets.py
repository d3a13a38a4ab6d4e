"""The assets that link the DAGs: what exists after a task has succeeded."""

from __future__ import annotations

from airflow.sdk import Asset

from motcua.catalog.models import LEVELS

# One per level, updated when each of its sources has answered for a night or is named as missing.
DOSSIERS = {level: Asset(name=f"dossiers__{level}", uri=f"motcua://store/dossiers/{level}") for level in LEVELS}

# Updated when the daily measures contain every loaded batch and equal a recomputation.
MEASURES = Asset(name="measures", uri="motcua://store/measures")
