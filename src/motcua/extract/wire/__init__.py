"""How bytes come in: transport, log-in, limits, drop folders, and the tables inside files.

In: an address or a folder. Out: bytes and rows within bounds. Never: a decision about what a record means.
"""
