"""Units in time: what a code or a name means on a day, who took over from whom, and the lists they were built from.

Import from its modules: `codes`, `map`, `search`, `electronic_codes`, `history`, `lists`, `changes`.
"""
