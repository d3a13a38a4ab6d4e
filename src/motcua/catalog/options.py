"""What each adapter must be told about its source beyond what every source states: `options` of a catalogue entry.

One closed model an adapter: a key of another protocol, or a misspelt one, is refused with its file and line. Nothing
here is secret; logins stand in the Airflow connection.
"""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
    probes_index: bool = False  # compare the index with the database after a pull; costs the source a whole listing

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
    """A unit of a Tân Dân system, by its DonViId."""

    unit_code: str = Field(min_length=1)
    auth: Literal["token", "basic"] = "token"
    token_path: str = "/api/tokens"  # noqa: S105  a path
    search_path: str = "/api/v1/hoso/search"
    path: str = "/api/v1/hoso"

    @property
    def agency(self) -> str:
        return self.unit_code


class PortalSyncOptions(Options):
    """Batches in the national portal's sync shape: JSON files at `path` (a file or a pattern, as for `files`), or,
    with `inbox`, what was posted to `motcua receive` with the login of the source's connection.

    `agency_code` is the `madonvi` of the batches that belong to this source.
    """

    path: str | None = Field(default=None, min_length=1)
    inbox: bool = False
    agency_code: str = Field(min_length=1)

    @model_validator(mode="after")
    def _come_one_way(self) -> PortalSyncOptions:
        if self.inbox == (self.path is not None):
            raise ValueError("give path, or inbox: true, and not both")
        return self

    @property
    def agency(self) -> str:
        return self.agency_code


class FilesOptions(Options):
    """Tables that a unit drops somewhere: CSV, XLSX, XLS or ODS, told apart by what is in them.

    `path` is a file or a pattern, on this machine or any fsspec URL; one that is not absolute starts at the catalogue
    folder. `encoding` and `delimiter` are of a CSV: left out, a byte-order mark or UTF-8 is expected and the delimiter
    that makes most of the header is taken. `header_row` and `first_row` count from 1: left out, the header is the row
    with most of the mapped columns, and records begin below it. Without `sheets` every visible one is read.
    `optional_columns` are mapped columns that a file may lack.
    """

    path: str = Field(min_length=1)
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    header_row: int | None = Field(default=None, ge=1, le=1000)
    first_row: int | None = Field(default=None, ge=2, le=1001)
    sheets: tuple[str, ...] = ()
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
