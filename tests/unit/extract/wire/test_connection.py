"""Connections from the environment, in both of Airflow's spellings."""

from __future__ import annotations

import json

import pytest

from motcua.errors import ConfigurationError
from motcua.extract import SourceConnection, connection_from_environment, connection_from_parts

AS_JSON = {"conn_type": "http", "host": "dvc.example.vn", "login": "báo", "password": "p@ss/w"}


@pytest.mark.parametrize(
    ("value", "base_url"),
    [
        ("http://b%C3%A1o:p%40ss%2Fw@127.0.0.1:8801/o/rest/v2", "http://127.0.0.1:8801/o/rest/v2"),
        ("https://b%C3%A1o:p%40ss%2Fw@dvc.example.vn", "https://dvc.example.vn"),
        (
            "http://b%C3%A1o:p%40ss%2Fw@dvc.example.vn/https?path=secure/rest/v2",
            "https://dvc.example.vn/secure/rest/v2",
        ),
        ("generic://b%C3%A1o:p%40ss%2Fw@dvc.example.vn", "https://dvc.example.vn"),
        (json.dumps(AS_JSON), "http://dvc.example.vn"),
        (json.dumps({**AS_JSON, "schema": "https", "port": 8443}), "https://dvc.example.vn:8443"),
        (json.dumps({**AS_JSON, "host": "https://dvc.example.vn/o/rest/v2/"}), "https://dvc.example.vn/o/rest/v2"),
        (json.dumps({**AS_JSON, "extra": '{"path": "/o/rest/v2"}'}), "http://dvc.example.vn/o/rest/v2"),
    ],
)
def test_a_connection_is_read_from_either_form(monkeypatch: pytest.MonkeyPatch, value: str, base_url: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ONESTOP_X", value)
    assert connection_from_environment("onestop_x") == SourceConnection(base_url, "báo", "p@ss/w")


def test_a_missing_connection_names_the_variable_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_ONESTOP_X", raising=False)
    with pytest.raises(ConfigurationError, match="AIRFLOW_CONN_ONESTOP_X is not set"):
        connection_from_environment("onestop_x")


@pytest.mark.parametrize("value", ["{not json: s3cret}", "no-uri-s3cret", "http://a:s3cret@host:port/"])
def test_an_unreadable_connection_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ONESTOP_X", value)
    with pytest.raises(ConfigurationError) as refused:
        connection_from_environment("onestop_x")
    assert "s3cret" not in str(refused.value)


def test_a_connection_without_host_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="has no host"):
        connection_from_parts("onestop_x", login="a")


def test_the_password_does_not_show() -> None:
    assert "s3cret" not in repr(SourceConnection("http://a", "b", "s3cret"))
