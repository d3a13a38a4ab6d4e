"""Demo: runs the real services on one machine and shows one month of one province from the sources to the report.

In: a scenario of the sandbox. Out: running processes in a work folder of their own, and a table that compares published
with computed figures. Never: data of another installation; a process that runs on after its stop; a figure that is
entered by hand.
"""
