"""Alembic runs this for each command; the connection, with its transaction, comes from `upgrade_databases`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
