"""Our figures beside the National Portal's: to the unit and procedure, each difference typed and aged.

In: measures, and the portal's public figures over HTTP. Out: snapshots of what the portal said (it restates itself),
and a row for each difference, open until it is gone. The portal never corrects a figure of ours: what is pushed to it
is changed on the way (one_stop_systems.md quirk d.11).
"""

from motcua.reconcile.portal.compare import KINDS_VI, Difference, Figures, compare
from motcua.reconcile.portal.run import OpenDifference, Reconciliation, open_differences, reconcile

__all__ = [
    "KINDS_VI",
    "Difference",
    "Figures",
    "OpenDifference",
    "Reconciliation",
    "compare",
    "open_differences",
    "reconcile",
]
