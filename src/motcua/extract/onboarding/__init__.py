"""A new source: a first mapping from what it sends, and a check of what would be understood."""
