"""Demo: the real services on one machine, and the walk through a province-month that a newcomer sees.

In: a scenario of the sandbox. Out: running processes in a work folder of their own, a table of published
against computed figures. Never: another installation's data, a process that outlives its stop, a figure typed
in by hand.
"""
