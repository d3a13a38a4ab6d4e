"""The names of procedures in a sample that the catalogue does not know, as far as they may be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from motcua.extract.error_texts import is_error
from motcua.extract.onboarding.profile import HIDDEN
from motcua.extract.records.cells.made import MadeColumns
from motcua.extract.records.convert import NameProcedure, Problem, first_with_value, value_reader
from motcua.extract.records.mapping import SourceMapping
from motcua.extract.records.paths import Picker, Record
from motcua.extract.records.privacy import holds_personal
from motcua.extract.records.rules import ProcedureRule

LONGEST = 160  # characters of a name that is shown


class UnknownProcedures:
    """Collects the names, one page at a time.

    Args:
        is_procedure: whether a text is written as the name of a procedure, and names no person.
    """

    def __init__(
        self, mapping: SourceMapping, name_procedure: NameProcedure, is_procedure: Callable[[str], bool]
    ) -> None:
        self._picker = Picker(mapping.keys, mapping.nested, mapping.inner_keys)
        self._is_procedure = is_procedure
        rules = (rule for rule in mapping.fields.values() if isinstance(rule, ProcedureRule))
        self._rule = next(rules, None)
        self._rows: Counter[str] = Counter()
        if self._rule is not None:
            self._nulls = frozenset({None}) | mapping.null_values | self._rule.null_values
            self._made = MadeColumns(mapping.made, self._nulls)
            self._read = value_reader(self._rule.model_copy(update={"otherwise": None}), name_procedure)

    def add(self, records: Sequence[Record]) -> None:
        """Add a page of records."""
        if self._rule is None:
            return
        values = self._picker.columns(records, lambda row, issue: None)
        values |= self._made.of(values)
        for value in first_with_value(values, self._rule.key, self._nulls):
            is_text = isinstance(value, str) and value not in self._nulls and not is_error(value)
            if is_text and isinstance(self._read(value), Problem):
                may_show = len(value) <= LONGEST and not holds_personal(value) and self._is_procedure(value)
                self._rows[value.strip() if may_show else HIDDEN] += 1

    @property
    def names(self) -> dict[str, int]:
        """Each name with its rows, the most frequent first; those that may be a person's as one."""
        return dict(self._rows.most_common())
