"""Stand-in one-stop systems that speak the real protocols, for the demo and the tests.

In: a scenario (what a province published for a period) and the catalogue. Out: OpenCPS v2, iGate v2 and Tân Dân over
HTTP from one process for every unit of the province, and as files or a database the national portal's sync, tables and
SQL: the same dossiers in each, with the traps of the real thing, faults on demand, and the truth to compare a pipeline
with. Never: a real person, a random figure (the same scenario gives the same bytes), or anything a stage imports.
"""
