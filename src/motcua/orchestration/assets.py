"""The assets that link the DAGs: what exists once a task has succeeded."""

from __future__ import annotations

from airflow.sdk import Asset

from motcua.catalog.models import LEVELS

# One for each level: its sources have answered, or are named, for a night.
DOSSIERS = {level: Asset(name=f"dossiers__{level}", uri=f"motcua://store/dossiers/{level}") for level in LEVELS}

# The daily measures hold every loaded batch and agree with a recompute.
MEASURES = Asset(name="measures", uri="motcua://store/measures")
