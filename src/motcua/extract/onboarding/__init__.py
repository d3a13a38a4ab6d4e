"""Tools for a new source: a first draft of its mapping, and a check of what the mapping reads."""
