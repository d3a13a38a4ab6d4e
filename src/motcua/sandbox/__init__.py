"""Stand-in one-stop systems that speak the real protocol, for the demo and the tests.

In: a scenario (what a province published for a period) and the catalogue. Out: OpenCPS v2 over HTTP, one process for
every unit of the province, with the traps of the real thing, and the truth to compare a pipeline with.
Never: a real person, a random figure (the same scenario gives the same bytes), or anything a stage imports.
"""
