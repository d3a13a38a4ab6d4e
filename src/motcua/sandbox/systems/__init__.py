"""The one-stop systems of a scenario over HTTP, one module per protocol, with the faults of real systems."""
