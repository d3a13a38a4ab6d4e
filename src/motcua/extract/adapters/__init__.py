"""One module a protocol: how a system is asked, page by page, and how its answer becomes records as it sends them.

In: a source of the catalogue, its connection, a window of days. Out: raw records, page by page, with what the source
says of their total. Never: a reading of a status or a day; that is `extract.records`.
"""
