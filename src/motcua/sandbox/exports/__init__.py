"""The dossiers of a scenario as files, posted batches or a database."""
