"""One module for each protocol: it requests the pages of a source and returns the records unchanged.

In: a source of the catalogue, its connection, a window of days. Out: raw records, page by page, with the total that the
source declares. Never: the meaning of a status or a day; `extract.records` reads that.
"""
