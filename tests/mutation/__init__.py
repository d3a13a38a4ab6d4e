"""Mutation runs: small faults put into the code one at a time, and which of them no test of theirs notices.

`make mutation` runs what is not proven by `results.json`, keeps the results there and writes
`docs/reference/mutation.md`. `pool` gives mutants to workers; `python` and `sql` say how one of a module and one of a
statement is put under test.
"""
