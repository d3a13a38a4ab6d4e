"""What is published, kept and compared: immutable editions and what each restates."""
