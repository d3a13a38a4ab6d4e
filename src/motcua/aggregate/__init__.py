"""Aggregate: keeps the additive daily measures equal to the sum of the contributions of the current versions.

In: dossier versions of loaded batches. Out: `measure_day`. Never: a second definition of a count; every figure comes
from the view `dossier_contribution`.
"""

from motcua.aggregate.measures import MeasureDifference, build_measures, check_measures, rebuild_measures

__all__ = ["MeasureDifference", "build_measures", "check_measures", "rebuild_measures"]
