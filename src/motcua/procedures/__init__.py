"""Procedures: their codes and names as sources spell them, and the catalogue of them as it changes.

In: spellings, lists that a unit sends, the catalogue. Out: codes, the catalogue's CSV files, tables of what was cut and
what was announced late. Never: a definition of its own of what a row of the catalogue states (`motcua.catalog`).
"""

from motcua.procedures.codes import NATIONAL, split_procedure
from motcua.procedures.names import SeveralProcedures, procedure_namer

__all__ = ["NATIONAL", "SeveralProcedures", "procedure_namer", "split_procedure"]
