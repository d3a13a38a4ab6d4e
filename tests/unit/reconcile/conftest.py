"""The filled stores of `tests.measured_world`."""

from tests.measured_world import store

__all__ = ["store"]
