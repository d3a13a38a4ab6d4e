"""extract.shape: which rows of a table are records, and what stands in a cell that was merged or left empty.

In: a table as its file has it, the keys of its columns, and what the catalogue says of its shape. Out: the rows that
are records, and for a person how many others there are, by what they are. Never: a row that says what a record says is
left out; a text of a row in a message.
"""
