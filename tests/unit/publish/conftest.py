"""The filled stores of `tests.measured_world`."""

from tests.measured_world import october, reform, reports_dir, store

__all__ = ["october", "reform", "reports_dir", "store"]
