"""Units in time: what a code or a name means on a day, successions, and the lists from which units are built.

Import from its modules: `codes`, `map`, `search`, `electronic_codes`, `history`, `lists`, `changes`.
"""
