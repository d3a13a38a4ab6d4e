"""What each adapter must be told about its source beyond what every source states: `options` of a catalogue entry.

One closed model an adapter: a key of another protocol, or a misspelt one, is refused with its file and line. Nothing
here is secret; logins stand in the Airflow connection.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from motcua.spelling import folded

AdapterName = Literal["opencps", "igate", "tandan", "portal_sync", "files", "sql", "petition_files"]


class ClosedModel(BaseModel):
    """What is read from a file and not changed: a key it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Options(ClosedModel):
    """Base of every adapter's options. `agency` names the agency in its system; empty when nothing here does.

    `record_kind` is the kind of record that the adapter gives (`motcua.canonical`). `answers_whole` is true of one that
    always gives all that its source has: it is first asked for every day on which the source is in force.

    `chooses_no_record` names the options that say neither where nor what is asked, but how: logins, how a list is cut,
    columns and files that may be missing. An option that is not in it counts (docs/decisions/0059).
    """

    record_kind: ClassVar[str] = "dossier"
    answers_whole: ClassVar[bool] = False
    chooses_no_record: ClassVar[frozenset[str]] = frozenset()

    @property
    def agency(self) -> str:
        return ""

    def asked(self, folder: Path) -> dict[str, object]:
        """Return by name what these options say of where and what is asked, without those left at their default.

        Args:
            folder: of the catalogue.
        """
        return self.model_dump(exclude=set(self.chooses_no_record), exclude_defaults=True)

    def dropped_in(self, folder: Path) -> set[Path]:
        """Return the files below a catalogue folder that a source drops there: they are no rule of the catalogue."""
        pattern = getattr(self, "path", None) or ""
        is_below = pattern and "://" not in pattern and not Path(pattern).is_absolute()
        return {*folder.glob(pattern)} if is_below else set()


class OpencpsOptions(Options):
    """A site of an OpenCPS v2 host, and how widely it is asked: left narrower, the source hides dossiers silently."""

    chooses_no_record = frozenset({"auth", "probes_index"})

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

    chooses_no_record = frozenset({"token_url", "realm", "client_id", "grant", "spec"})

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

    chooses_no_record = frozenset({"auth", "token_path"})

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


def _folded_words_of(words: object) -> object:
    return [folded(word) for word in words] if isinstance(words, list | tuple | set | frozenset) else words


FoldedWords = Annotated[frozenset[str], BeforeValidator(_folded_words_of)]


class RowFilter(ClosedModel):
    """Which rows of a table are a source's: those with a word of `only` in a column, not those with one of `without`.

    Spelling does not matter, `""` is an empty cell and `"*"` every word of neither list. A row with a word of neither
    list is unread: whether it is meant is not known.
    """

    column: str = Field(min_length=1)
    only: FoldedWords = Field(min_length=1)
    without: FoldedWords = frozenset()

    @model_validator(mode="after")
    def _lists_are_apart(self) -> RowFilter:
        if both := sorted(self.only & self.without):
            raise ValueError(f"{both[0]!r} is in only and in without")
        return self


class EndWord(ClosedModel):
    """A table ends above the row in which a column begins with one of these words."""

    column: str = Field(min_length=1)
    words: FoldedWords = Field(min_length=1)


OldFont = Literal["tcvn3", "vni"]


class TableShape(ClosedModel):
    """What a table is like that is no plain list of records (docs/how-to/read-a-spreadsheet.md).

    `fill_down` are columns whose merged cells hold the value of each row that they cover; `fill_empty` those in which
    an empty cell means what stands above it, in a CSV too. `rows` says which rows are the source's, `ends_at` where the
    table ends: at its first `empty_row`, or at a word. `text` is the old font of its texts: `tcvn3` (ABC, .VnTime) or
    `vni` (VNI-Times).
    """

    fill_down: tuple[str, ...] = ()
    fill_empty: tuple[str, ...] = ()
    rows: tuple[RowFilter, ...] = ()
    ends_at: Literal["empty_row"] | EndWord | None = None
    text: OldFont | None = None

    @property
    def columns_of_shape(self) -> tuple[str, ...]:
        """The columns that a table must have for this."""
        end = (self.ends_at.column,) if isinstance(self.ends_at, EndWord) else ()
        return (*self.fill_down, *self.fill_empty, *(row.column for row in self.rows), *end)


class FilesOptions(TableShape, Options):
    """Tables that a unit drops somewhere: CSV, XLSX, XLS or ODS, told apart by what is in them. `once` are names or
    patterns of files that are never saved again (`bo sung*`): they do not end what the source is known for.

    `path` is a file or a pattern, on this machine or any fsspec URL; one that is not absolute starts at the catalogue
    folder. `encoding` and `delimiter` are of a CSV: left out, a byte-order mark or UTF-8 is expected and the delimiter
    that makes most of the header is taken. `header_row` and `first_row` count from 1: left out, the header is the row
    with most of the mapped columns, and records begin below it. Without `sheets` every visible one is read.
    `optional_columns` are mapped columns that a file may lack.
    """

    chooses_no_record = frozenset({"optional_columns", "once"})

    path: str = Field(min_length=1)
    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    header_row: int | None = Field(default=None, ge=1, le=1000)
    first_row: int | None = Field(default=None, ge=2, le=1001)
    sheets: tuple[str, ...] = ()
    optional_columns: tuple[str, ...] = ()
    once: tuple[str, ...] = ()


class SqlOptions(Options):
    """Read-only queries on a source's own database; the paths are of `.sql` files under the catalogue.

    `query` is given `:from_date` and `:to_date`, both days included; `open_query`, for what is still open, `:to_date`;
    `by_id_query` is given `:dossier_id`.
    """

    query: str = Field(pattern=r"\.sql$")
    open_query: str | None = Field(default=None, pattern=r"\.sql$")
    by_id_query: str | None = Field(default=None, pattern=r"\.sql$")

    def asked(self, folder: Path) -> dict[str, object]:
        """Return the text of each query by its name: what is asked is what it says, not what its file is called."""
        files = {name: folder / str(path) for name, path in super().asked(folder).items()}
        return {
            name: file.read_text(encoding="utf-8").strip() if file.is_file() else None for name, file in files.items()
        }


def _folded_keys(words: object) -> object:
    return {folded(word): meant for word, meant in words.items()} if isinstance(words, dict) else words


Words = Annotated[dict[str, bool | str], BeforeValidator(_folded_keys)]


class PetitionColumns(ClosedModel):
    """The headings under which the facts of a petition stand. There is none for its text or for a person."""

    petition_id: str
    received_on: str
    kind: str
    unit: str | None = None
    due_on: str | None = None
    handled_on: str | None = None
    published_on: str | None = None
    about: str | None = None
    is_satisfied: str | None = None
    is_repeated: str | None = None


class PetitionWords(ClosedModel):
    """What the words of a column mean. A petition of the kind `other` is kept, and counted in no form or index."""

    kind: Words
    about: Words = Field(default_factory=dict)
    is_satisfied: Words = Field(default_factory=dict)
    is_repeated: Words = Field(default_factory=dict)

    @field_validator("kind", "about")
    @classmethod
    def _means_one_of_the_list(cls, words: dict[str, bool | str], info: Any) -> dict[str, bool | str]:
        known = ("behaviour", "regulation", "other") if info.field_name == "kind" else ("procedure", "official")
        if wrong := [str(meant) for meant in words.values() if meant not in known]:
            raise ValueError(f"{wrong[0]} is none of {', '.join(known)}")
        return words

    @field_validator("is_satisfied", "is_repeated")
    @classmethod
    def _means_yes_or_no(cls, words: dict[str, bool | str]) -> dict[str, bool | str]:
        if wrong := [str(meant) for meant in words.values() if not isinstance(meant, bool)]:
            raise ValueError(f"{wrong[0]} is neither true nor false")
        return words


class PetitionFilesOptions(TableShape, Options):
    """Tables of petitions (phản ánh, kiến nghị) that a unit drops somewhere, and how to read them; `path`, `encoding`,
    `delimiter`, `sheets` and `once` as for `files`.

    `due_workdays` gives the due day where the table has none (15 working days to answer, operators' note in domain.md
    section 1.3 [C-code]). `swapped` as in a rule of an instant: true where a program turned day and month of all dates.
    """

    record_kind: ClassVar[str] = "petition"
    answers_whole: ClassVar[bool] = True
    chooses_no_record = frozenset({"once"})

    path: str = Field(min_length=1)
    columns: PetitionColumns
    words: PetitionWords
    formats: tuple[str, ...] = ("dd/MM/yyyy", "d/M/yyyy", "dd/MM/yyyy HH:mm:ss", "yyyy-MM-dd")
    null_values: frozenset[str] = frozenset({"", "-", "null"})
    due_workdays: int | None = Field(default=15, ge=1, le=250)
    swapped: bool | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheets: tuple[str, ...] = ()
    once: tuple[str, ...] = ()


AnyOptions = (
    OpencpsOptions | IgateOptions | TandanOptions | PortalSyncOptions | FilesOptions | SqlOptions | PetitionFilesOptions
)
OptionsT = TypeVar("OptionsT", bound=Options)

OPTIONS: dict[AdapterName, type[AnyOptions]] = {
    "opencps": OpencpsOptions,
    "igate": IgateOptions,
    "tandan": TandanOptions,
    "portal_sync": PortalSyncOptions,
    "files": FilesOptions,
    "sql": SqlOptions,
    "petition_files": PetitionFilesOptions,
}
