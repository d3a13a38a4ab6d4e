"""Which pages have commands that are run."""

from __future__ import annotations

from motcua.settings import PROJECT_ROOT

# The National Portal is asked twice a second: run by `make reliability`.
LONG_PAGES = ("docs/how-to/reconcile-with-the-portal.md",)
PAGES = (
    "README.md",
    "README.vi.md",
    "CONTRIBUTING.md",
    *sorted(
        path
        for path in (f"docs/how-to/{page.name}" for page in (PROJECT_ROOT / "docs" / "how-to").glob("*.md"))
        if path not in LONG_PAGES
    ),
)
