"""Exports of the dossiers of a scenario: files, posted batches or a database."""
