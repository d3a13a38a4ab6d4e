"""The reports that each unit owes for each period, and whether it has reported. Missing is not zero (design.md idea 8).

In: the rules of `obligations.yaml`, the ledger, editions. Out: a row for each obligation before it is due, its cell,
rates within 0 to 100 by construction, reminders, and a watchdog that needs no scheduler. Never: a stored cell. Each
cell is computed from the ledger when it is read, so the two cannot disagree.
"""

from motcua.obligations.cells import Cell, Facts, cell_of, read_cells
from motcua.obligations.declare import declare_empty, withdraw_declaration
from motcua.obligations.plan import due_day, owing_units, plan_obligations
from motcua.obligations.rates import Rate, rate_of, rates_by
from motcua.obligations.remind import Reminder, send_reminders
from motcua.obligations.watchdog import Finding, watch_night

__all__ = [
    "Cell",
    "Facts",
    "Finding",
    "Rate",
    "Reminder",
    "cell_of",
    "declare_empty",
    "due_day",
    "owing_units",
    "plan_obligations",
    "rate_of",
    "rates_by",
    "read_cells",
    "send_reminders",
    "watch_night",
    "withdraw_declaration",
]
