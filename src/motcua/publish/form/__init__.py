"""The numbers of a form: the scope they are read in, the figures, the parts of a straddling period, their explanation.

In: measures and a form of the catalogue. Out: tables of figures. Never: a file or an edition.
"""
