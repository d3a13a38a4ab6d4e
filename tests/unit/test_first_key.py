"""The key of pseudonyms is made once, whoever asks first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from motcua.settings import Settings

THREADS = 16


def test_threads_that_need_the_first_key_at_once_get_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOTCUA_HMAC_KEY", "MOTCUA_HMAC_KEYS"):
        monkeypatch.delenv(name, raising=False)
    for attempt in range(20):
        monkeypatch.setenv("MOTCUA_WORK", str(tmp_path / str(attempt)))
        settings, together = Settings.load(), Barrier(THREADS)

        def ask(_: int, settings: Settings = settings, together: Barrier = together) -> object:
            together.wait()
            return settings.hmac_keys()

        with ThreadPoolExecutor(THREADS) as pool:
            keys = list(pool.map(ask, range(THREADS)))
        assert all(key == keys[0] for key in keys)
        assert [path.name for path in (tmp_path / str(attempt) / "secrets").iterdir()] == ["hmac.key"]
