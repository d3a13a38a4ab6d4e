"""Procedures: their codes and names as sources write them, and the changes of the procedure catalogue.

In: codes and names from sources, lists that a unit sends, the catalogue. Out: codes, the catalogue's CSV files, tables
of cut times and late announcements. Never: a second definition of a catalogue row (`motcua.catalog` has the only one).
"""

from motcua.procedures.codes import NATIONAL, split_procedure
from motcua.procedures.names import SeveralProcedures, procedure_namer

__all__ = ["NATIONAL", "SeveralProcedures", "procedure_namer", "split_procedure"]
