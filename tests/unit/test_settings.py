"""The keys of pseudonyms: one in use, others while it replaces them; what is wrong is refused without being shown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from motcua.errors import ConfigurationError
from motcua.settings import Settings

ONE, TWO = "1a" * 32, "2b" * 32


def keys(monkeypatch: pytest.MonkeyPatch, current: str, previous: str = "") -> list[tuple[str, bytes]]:
    monkeypatch.setenv("MOTCUA_HMAC_KEY", current)
    monkeypatch.setenv("MOTCUA_HMAC_PREVIOUS_KEYS", previous)
    return list(Settings.load().hmac_keys())


def test_the_key_in_use_comes_first_then_those_it_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys(monkeypatch, f"2026:{ONE}") == [("2026", bytes.fromhex(ONE))]
    found = keys(monkeypatch, f"2028:{'3c' * 40}", f"2027:{TWO}, 2026:{ONE}")
    assert [key_id for key_id, _ in found] == ["2028", "2027", "2026"]
    assert found[2][1] == bytes.fromhex(ONE)


@pytest.mark.parametrize(
    ("current", "previous", "named"),
    [
        (ONE, "", "MOTCUA_HMAC_KEY is"),  # no id
        (f":{ONE}", "", "MOTCUA_HMAC_KEY is"),
        (f"a b:{ONE}", "", "MOTCUA_HMAC_KEY is"),  # a space parts the references under previous keys
        (f"2026:{ONE[:-2]}", "", "MOTCUA_HMAC_KEY is"),  # 31 bytes
        ("2026:change-me", "", "MOTCUA_HMAC_KEY is"),
        (f"2027:{TWO}", ONE, "MOTCUA_HMAC_PREVIOUS_KEYS is"),
        (f"2026:{TWO}", f"2026:{ONE}", "twice"),
        (f"2027:{ONE}", f"2026:{ONE}", "twice"),
    ],
)
def test_a_wrong_key_is_refused_and_not_shown(
    current: str, previous: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match=named) as refused:
        keys(monkeypatch, current, previous)
    assert ONE[:-2] not in f"{refused.value} {refused.value.action}"


def test_without_a_key_one_is_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("MOTCUA_WORK", str(tmp_path))
    [(key_id, made)] = keys(monkeypatch, "")
    assert key_id == "local"
    assert len(made) == 32
    assert keys(monkeypatch, "") == [("local", made)]


def test_threads_that_all_find_no_key_make_one(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("MOTCUA_WORK", str(tmp_path))
    monkeypatch.setenv("MOTCUA_HMAC_KEY", "")
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: Settings.load().hmac_keys(), range(8)))) == 1
