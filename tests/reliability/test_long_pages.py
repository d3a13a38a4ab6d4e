"""Pages of the documentation whose commands take too long for the suite; the others are run by `tests/docs`."""

from __future__ import annotations

import pytest
from tests.docs.conftest import Checkout, checkout  # noqa: F401
from tests.docs.pages import LONG_PAGES


@pytest.mark.parametrize("page", LONG_PAGES)
def test_every_command_of_a_long_page_does_what_the_page_shows(page: str, checkout: Checkout) -> None:  # noqa: F811
    checkout.run(page)
