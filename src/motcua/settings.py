"""What the environment decides: where things are kept and how to reach the databases.

Every setting is an environment variable `MOTCUA_*`, so that Airflow's processes, the CLI and the tests agree
without passing anything along. Secrets are never read from the catalogue.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from motcua.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parents[2]
TIMEZONE = "Asia/Ho_Chi_Minh"

HmacKey = tuple[str, bytes]  # id, key


@dataclass(frozen=True)
class Settings:
    """Locations, DSNs and tuning of one installation.

    Attributes:
        home: folder that holds `include/` and `expectations/`.
        work_dir: folder for everything a run leaves behind.
        catalog_dir: the catalogue in force.
        landing_url: an fsspec URL or local path; local or object storage.
        reports_dir: where workbooks and pages are written.
        store_dsn, warehouse_dsn: libpq URIs; empty means the embedded server.
        province: official code of the province this installation serves, or its unit id (`86:2025`), which also means
            the provinces that became it; empty means every source.
        sources_per_task: how many sources one Airflow task handles.
        alert_webhook: where alerts are posted too; empty means nowhere.
    """

    home: Path
    work_dir: Path
    catalog_dir: Path
    landing_url: str
    reports_dir: Path
    store_dsn: str
    warehouse_dsn: str
    province: str
    sources_per_task: int
    alert_webhook: str

    @property
    def expectations_dir(self) -> Path:
        return self.home / "expectations"

    @property
    def shipped_catalog_dir(self) -> Path:
        return self.home / "include" / "catalog"

    @property
    def sql_dir(self) -> Path:
        return self.home / "include" / "sql"

    @classmethod
    def load(cls) -> Settings:
        """Read the settings from the environment; relative paths are taken from `MOTCUA_HOME`."""
        env = os.environ
        home = Path(env.get("MOTCUA_HOME") or PROJECT_ROOT).resolve()
        work_dir = home / (env.get("MOTCUA_WORK") or ".motcua")
        sources_per_task = env.get("MOTCUA_SOURCES_PER_TASK") or "50"
        if not sources_per_task.isdigit() or int(sources_per_task) < 1:
            raise ConfigurationError(
                f"MOTCUA_SOURCES_PER_TASK is {sources_per_task!r}, not a whole number of at least 1.",
                action="set it to how many sources one Airflow task should handle, for example 50.",
            )
        return cls(
            home=home,
            work_dir=work_dir,
            catalog_dir=home / (env.get("MOTCUA_CATALOG") or "include/catalog"),
            landing_url=env.get("MOTCUA_LANDING") or str(work_dir / "landing"),
            reports_dir=home / (env.get("MOTCUA_REPORTS") or str(work_dir / "reports")),
            store_dsn=env.get("MOTCUA_STORE_DSN") or "",
            warehouse_dsn=env.get("MOTCUA_WAREHOUSE_DSN") or "",
            province=env.get("MOTCUA_PROVINCE") or "",
            sources_per_task=int(sources_per_task),
            alert_webhook=env.get("MOTCUA_ALERT_WEBHOOK") or "",
        )

    def hmac_keys(self) -> tuple[HmacKey, ...]:
        """Return the keys that pseudonymise identities: the one in use, then those it replaces while both are needed.

        `MOTCUA_HMAC_KEY` is `<id>:<hex>`, `MOTCUA_HMAC_PREVIOUS_KEYS` the same, several parted by commas. Without the
        first a key is made once and kept in the work folder, which suits one machine; several machines must share one
        through the variable.

        Raises:
            ConfigurationError: a key is not of that form, is short, or has the id of another.
        """
        given = os.environ.get("MOTCUA_HMAC_KEY") or _kept_key(self.work_dir / "secrets" / "hmac.key")
        previous = os.environ.get("MOTCUA_HMAC_PREVIOUS_KEYS") or ""
        keys = [_hmac_key("MOTCUA_HMAC_KEY", given)]
        keys += [_hmac_key("MOTCUA_HMAC_PREVIOUS_KEYS", each) for each in previous.split(",") if each.strip()]
        if len({key_id for key_id, _ in keys}) < len(keys) or len({key for _, key in keys}) < len(keys):
            raise ConfigurationError(
                "MOTCUA_HMAC_KEY and MOTCUA_HMAC_PREVIOUS_KEYS name a key or an id twice.",
                action="give each key an id of its own, for example its year, and name it once.",
            )
        return tuple(keys)


def _kept_key(path: Path) -> str:
    """Return the key of the work folder, made when there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = path.with_name(f"hmac.{secrets.token_hex(8)}")  # threads race for it as processes do
        made.touch(mode=0o600)
        made.write_text(f"local:{secrets.token_hex(32)}\n")
        try:
            os.link(made, path)
        except FileExistsError:
            pass  # another made the key first: its key is the one
        finally:
            made.unlink()
    return path.read_text()


def _hmac_key(variable: str, given: str) -> HmacKey:
    key_id, _, key = given.strip().partition(":")
    if re.fullmatch(r"[A-Za-z0-9._-]+", key_id) and re.fullmatch(r"(?:[0-9a-fA-F]{2}){32,}", key):
        return key_id, bytes.fromhex(key)
    raise ConfigurationError(
        f"{variable} is not of the form <id>:<hex>.",
        action="set it to a key id, a colon and at least 32 bytes in hexadecimal (openssl rand -hex 32).",
    )
