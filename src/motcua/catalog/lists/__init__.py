"""The closed lists of codes that every part of the system shares, with their Vietnamese and English texts."""
