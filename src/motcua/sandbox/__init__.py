"""Stand-in one-stop systems that speak the real protocols, for the demo and the tests.

In: a scenario (the figures that a province published for a period) and the catalogue.
Out: one process that serves OpenCPS v2, iGate v2 and Tân Dân over HTTP for every unit of the province; the sync of the
national portal, tables and SQL as files or as a database. Each has the same dossiers and the quirks of the real system.
Faults can be switched on. The expected counts can be compared with the results of a pipeline.
Never: a real person, a random figure (the same scenario gives the same bytes), or a module that a stage imports.
"""
