"""Mutation runs: small faults put into the code one at a time, and which of them no test of theirs notices.

`make mutation` runs the parts (`tests.mutation.python`, `tests.mutation.sql`) and writes `docs/reference/mutation.md`.
A part leaves `.motcua/mutation/<part>.json`: a list of files, each with `file`, `killed` (a count) and `survived` (a
list of `place`, `change` and `why`, the last empty where nobody has explained it).
"""
