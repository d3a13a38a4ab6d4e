"""Errors, named for who must act on them.

Every message names the source, record, field or rule it is about and says what to do next. No message ever
holds a payload body: those carry personal data.
"""

from __future__ import annotations


class MotcuaError(Exception):
    """Base of every error raised on purpose. `action` is what the reader should do next."""

    def __init__(self, message: str, *, action: str) -> None:
        super().__init__(message)
        self.action = action

    def __str__(self) -> str:
        return f"{self.args[0]} What to do: {self.action}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args[0], self.action)


def _rebuild(kind: type[MotcuaError], message: str, action: str) -> MotcuaError:
    return kind(message, action=action)


class CatalogError(MotcuaError):
    """The catalogue is wrong: a person must correct the named file and line."""


class ConfigurationError(MotcuaError):
    """The environment of this process is wrong (a connection, a DSN, a key): the operator must correct it."""


class SourceUnavailable(MotcuaError):
    """The source did not answer, or answered that it cannot now: try again later."""


class ContractBroken(MotcuaError):
    """The source answered, but not what its protocol promises: stop, and let an engineer look."""


class BatchHeld(MotcuaError):
    """A batch failed a check of the whole table: nothing of it is loaded until somebody decides."""


class SuiteBroken(MotcuaError):
    """A validation suite did not load, or did not answer, completely: its verdict cannot be trusted."""


class StageInterrupted(MotcuaError):
    """A stage failed batches for a reason of its own, such as a lost database session: it repeats them."""


class StageFailed(MotcuaError):
    """A stage failed batches for a reason that a person must remove first: then it repeats them."""


class LedgerImbalance(MotcuaError):
    """Records of a batch are unaccounted for: the batch does not load."""


class MeasuresDiffer(MotcuaError):
    """The incremental measures differ from a recompute of the same versions."""


class ReportRefused(MotcuaError):
    """A report cannot be published as asked: its identities, batches or completeness do not allow it."""


class NothingAnswered(ReportRefused):
    """No source in scope has answered for any day of the period: zeros would be no answer."""


class InputRefused(MotcuaError):
    """A file somebody handed over to be scored or checked is not what it must be: its author must correct it."""
