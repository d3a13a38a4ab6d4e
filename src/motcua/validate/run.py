"""Runs a suite over a frame with Great Expectations and fails safe.

A verdict can be silently wrong in three ways, and each is an error here. An expectation can be lost while loading (GX
drops an unknown type with only a log line). It can raise an error instead of answering. It can name fewer failing rows
than it counts (SQL batches cut the list at `partial_unexpected_count`, 20 by default).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from motcua.errors import SuiteBroken
from motcua.validate.suite import Check, Suite

if TYPE_CHECKING:
    import pandas as pd

_UNLIMITED = 2_000_000_000


@dataclass(frozen=True)
class Finding:
    """The rows, by frame index, that failed one check."""

    check: Check
    rows: list[int]


def run_suite(suite: Suite, frame: pd.DataFrame) -> list[Finding]:
    """Judge every row of a frame. Return one finding for each check, in the order of the suite.

    The finding of a check without a failing row is empty. A first pass only asks which checks fail. A second pass, over
    those, collects the failing rows. One pass that collects the rows of every check takes twice the time.

    Args:
        suite: checks over columns of the frame.
        frame: any frame with an unnamed integer index without repeated values.

    Raises:
        SuiteBroken: the suite did not load or did not answer completely.
    """
    if frame.empty:
        _expectations(suite, suite.checks)
        return [Finding(check, []) for check in suite.checks]
    missing = sorted(set(suite.columns) - set(frame.columns))
    if missing:
        raise _broken(suite, f"names columns that no frame has: {', '.join(missing)}")
    batch = _batch(frame[suite.columns])
    asked = _validate(suite, batch, suite.checks, {"result_format": "BOOLEAN_ONLY"})
    failed = [check for check, result in zip(suite.checks, asked, strict=True) if not result.success]
    rows = {}
    if failed:
        named = _validate(suite, batch, failed, {
            "result_format": "COMPLETE",
            "partial_unexpected_count": _UNLIMITED,
            "exclude_unexpected_values": True,
            "return_unexpected_index_query": False,
        })  # fmt: skip
        rows = {id(check): failing_rows(suite, check, result) for check, result in zip(failed, named, strict=True)}
    return [Finding(check, rows.get(id(check), [])) for check in suite.checks]


def failing_rows(suite: Suite, check: Check, result: Any) -> list[int]:
    """Return the failing rows that a result names.

    The rows are values of the frame's index and not of a key column. GX reads a key column row by row, which made a
    rule that most rows break ten times slower.

    Raises:
        SuiteBroken: the named rows differ from the count.
    """
    count = result.result.get("unexpected_count")
    rows = sorted({int(row) for row in result.result.get("unexpected_index_list") or ()})
    if count is None or len(rows) != count or (count == 0) != bool(result.success):
        raise _broken(suite, f"rule {check.rule_id} ({check.type}) counts {count} failing rows but names {len(rows)}")
    return rows


def _validate(suite: Suite, batch: Any, checks: Sequence[Check], result_format: dict[str, Any]) -> list[Any]:
    with configurations_made_once():
        validation = batch.validate(_expectations(suite, checks), result_format=result_format)
    results: dict[int, Any] = {}
    for result in validation.results:
        position = result.expectation_config.meta["position"]
        results[position] = result
        if result.exception_info and _raised(result.exception_info):
            check = checks[position]
            raise _broken(suite, f"rule {check.rule_id} ({check.type}) raised an error instead of answering")
    if sorted(results) != list(range(len(checks))):
        raise _broken(suite, f"answered {len(results)} of {len(checks)} expectations")
    return [results[position] for position in range(len(checks))]


@contextmanager
def configurations_made_once() -> Iterator[None]:
    """Let GX make the configuration of an expectation once.

    GX 1.24 makes it anew each of the hundred times that it asks one for an argument: a third of the time of a suite
    over a few hundred rows. Nothing changes an expectation once it is loaded.
    """
    from great_expectations.expectations.expectation import Expectation

    made_anew = Expectation.configuration
    made: dict[int, tuple[Expectation, Any]] = {}  # with the expectation itself, so that its id means no other

    def configuration(self: Expectation) -> Any:
        if id(self) not in made:
            made[id(self)] = (self, made_anew.__get__(self))
        return made[id(self)][1]

    setattr(Expectation, "configuration", property(configuration))  # noqa: B010 - mypy refuses the assignment
    try:
        yield
    finally:
        setattr(Expectation, "configuration", made_anew)  # noqa: B010


def _expectations(suite: Suite, checks: Sequence[Check]) -> Any:
    """Build the GX suite of these checks, each with its position, and verify that it holds all of them."""
    import great_expectations as gx

    try:
        loaded = gx.ExpectationSuite(
            name=suite.name,
            expectations=[
                {
                    "type": check.type,
                    "kwargs": check.kwargs,
                    "severity": check.severity,
                    "meta": {"position": position, "rule_id": check.rule_id},
                }
                for position, check in enumerate(checks)
            ],
        )
    except (TypeError, ValueError) as error:
        raise _broken(suite, f"has arguments that an expectation refuses: {error}") from error
    loaded_positions = {expectation.meta["position"] for expectation in loaded.expectations}
    lost = [check for position, check in enumerate(checks) if position not in loaded_positions]
    if lost:
        names = ", ".join(f"{check.rule_id} ({check.type})" for check in lost)
        raise _broken(suite, f"lost {len(lost)} of {len(checks)} expectations while loading: {names}")
    return loaded


def _batch(frame: pd.DataFrame) -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # After the import, because it sets the level of the module. The module logs a folder of docs that it never writes.
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.WARNING)

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("landing").add_dataframe_asset("records")
    return asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})


def _raised(information: dict[str, Any]) -> bool:
    """Return whether GX reports an error: in one flat dict, or in one for each metric when a metric failed."""
    parts: Iterable[Any] = [information] if "raised_exception" in information else information.values()
    return any(part.get("raised_exception") for part in parts)


def _broken(suite: Suite, problem: str) -> SuiteBroken:
    return SuiteBroken(
        f"The suite {suite.name!r} cannot be trusted: it {problem}.",
        action=f"correct expectations/{suite.name}.json (or the pinned great-expectations), then validate again.",
    )
