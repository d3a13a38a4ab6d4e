"""Cells that one column of the source does not tell alone.

In: the values of a page, by the key of the source. Out: columns made of others, and due days that a time limit in the
place of a day means. Never: a guess; what cannot be made or counted is unread.
"""
