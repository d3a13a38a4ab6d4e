"""Turns a source's records into ours: mapping, conversion of values, masking of personal data.

In: raw records and a mapping of the catalogue. Out: rows of LANDING_SCHEMA. Never: a name, a number, a contact or free
text of a person in the result.
"""
