"""extract.wire.workbooks: what a workbook says beside its values.

In: the bytes of an XLSX, XLS or ODS file. Out: its sheets, and what the reader of values does not tell of their cells.
Never: the meaning of a column.
"""
