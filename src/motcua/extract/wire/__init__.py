"""How bytes come in: transport, log-in, limits, drop folders, and the tables in files.

In: an address or a folder. Out: bytes and rows within limits. Never: a decision about the meaning of a record.
"""
