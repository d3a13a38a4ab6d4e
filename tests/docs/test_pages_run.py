"""Every command of the documentation is run as it stands, in order, and does what its page shows."""

from __future__ import annotations

import pytest
from tests.docs.conftest import Checkout
from tests.docs.pages import PAGES


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_does_what_the_page_shows(page: str, checkout: Checkout) -> None:
    checkout.run(page)
