"""What each adapter must be told about its source beyond what every source states: `options` of a catalogue entry.

One closed model an adapter: a key of another protocol, or a misspelt one, is refused with its file and line. Nothing
here is secret; logins stand in the Airflow connection.
"""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

AdapterName = Literal["opencps", "igate", "tandan", "portal_sync", "files", "sql"]


class Options(BaseModel):
    """Base of every adapter's options. `agency` names the agency in its system; empty when nothing here does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def agency(self) -> str:
        return ""


class OpencpsOptions(Options):
    """A site of an OpenCPS v2 host, and how widely it is asked: left narrower, the source hides dossiers silently."""

    group_id: int
    auth: Literal["basic", "token", "authen_key"] = "basic"
    agency_scope: str = "all"
    system_ids: tuple[int, ...] = Field(default=(0, 1, 2, 3, 4, 5), min_length=1)
    originality: tuple[int, ...] = Field(default=(0, 1, 2, 3, 4, 9), min_length=1)
    count_class: str | None = None  # asks GET /count/{class}, index against database, and warns when they differ

    @property
    def agency(self) -> str:
        return str(self.group_id)


class IgateOptions(Options):
    """An agency and everything below it in a VNPT iGate v2 system."""

    ancestor_agency_id: str = Field(pattern=r"^[0-9a-f]{24}$")
    token_url: str = ""  # empty: <base URL>/auth/realms/<realm>/protocol/openid-connect/token
    realm: str = "digo"
    client_id: str = "vnpt-igate"
    grant: Literal["client_credentials", "password"] = "client_credentials"
    spec: Literal["page", "slice"] = "page"  # a slice has no total

    @property
    def agency(self) -> str:
        return self.ancestor_agency_id


class TandanOptions(Options):
    """A unit of a Tân Dân system."""

    unit_code: str = Field(min_length=1)
    path: str = "/api/HoSo"

    @property
    def agency(self) -> str:
        return self.unit_code


class PortalSyncOptions(Options):
    """Batches in the national portal's sync shape, as JSON files in a folder or matching a pattern (any fsspec URL).

    `agency_code` is the `madonvi` of the batches that belong to this source.
    """

    path: str = Field(min_length=1)
    agency_code: str = Field(min_length=1)

    @property
    def agency(self) -> str:
        return self.agency_code


class FilesOptions(Options):
    """Tables that a unit drops somewhere: CSV or a spreadsheet, found by a pattern (any fsspec URL).

    Rows count from 1; without `header_row` the header is found by its columns, and the data begin below it unless
    `first_row` says where. Without `sheets` every sheet that has the header is read. `optional_columns` may be missing.
    """

    path: str = Field(min_length=1)
    format: Literal["csv", "xlsx", "xls"]
    sheets: tuple[str, ...] = ()
    encoding: str = "utf-8-sig"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header_row: int | None = Field(default=None, ge=1, le=1000)
    first_row: int | None = Field(default=None, ge=1, le=1_000_000)
    optional_columns: tuple[str, ...] = ()


class SqlOptions(Options):
    """Read-only queries on a source's own database; the paths are of `.sql` files under the catalogue.

    `query` is given `:from_date` and `:to_date`, both days included; `open_query`, for what is still open, `:to_date`;
    `by_id_query` is given `:dossier_id`.
    """

    query: str = Field(pattern=r"\.sql$")
    open_query: str | None = Field(default=None, pattern=r"\.sql$")
    by_id_query: str | None = Field(default=None, pattern=r"\.sql$")


AnyOptions = OpencpsOptions | IgateOptions | TandanOptions | PortalSyncOptions | FilesOptions | SqlOptions
OptionsT = TypeVar("OptionsT", bound=Options)

OPTIONS: dict[AdapterName, type[AnyOptions]] = {
    "opencps": OpencpsOptions,
    "igate": IgateOptions,
    "tandan": TandanOptions,
    "portal_sync": PortalSyncOptions,
    "files": FilesOptions,
    "sql": SqlOptions,
}
