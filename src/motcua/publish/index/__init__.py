"""The index for serving people and businesses (QĐ 766/QĐ-TTg): its definition, one scorer, and who reaches what.

In: `include/catalog/index/` (the rows, their points and what feeds them, by effective date), counts from a file or from
the daily measures. Out: scores by row, group and in total, with what is missing to the next band.
Never: a row that nothing feeds counted as zero, a score computed in two ways, a ratio above one passed over in silence.
"""
