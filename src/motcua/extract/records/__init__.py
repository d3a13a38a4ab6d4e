"""From a source's record to ours: mapping, conversion of values, masking of people.

In: raw records and a mapping of the catalogue. Out: rows of LANDING_SCHEMA. Never: a name, a number, a contact or free
text of a person past this room.
"""
