"""The one-stop systems of a scenario over HTTP, one module a protocol, with the faults of real ones."""
