"""Unit: whom a guarantee protects, in words. Every line and page that names the privacy unit takes them from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_CHOSEN = "how many rows of a table weigh is chosen by the fit"
ROW = "row"  # what models and ledgers call a unit that is each row by itself


@dataclass(frozen=True)
class Unit:
    """`name` is a column, whose values tell the units apart, or with `table` a table, whose rows are the units; "row"
    where each row is one. A unit's rows weigh at most `k` (in each table), unless the fit is yet to choose it."""

    name: str = ROW
    k: int = 1
    table: bool = False
    chosen: bool = False

    @classmethod
    def told(cls, info: Mapping[str, str]) -> Unit:
        """The unit that a model or a synthetic file tells of. Only mare protects rows of a table with all below."""
        k = info.get("contributions", "1")
        return cls(info.get("unit", ROW), int(k) if k.isdecimal() else 1, info.get("algorithm") == "mare")

    @property
    def each(self) -> str:
        """ "each row", "each value of patient_id" or "each row of patients"."""
        if self.table:
            return f"each row of {self.name}"
        return "each row" if self.name == ROW else f"each value of {self.name}"

    @property
    def bounded(self) -> str:
        """`each`, with what belongs to it and how much that weighs."""
        if self.table:
            weigh = f"at most {self._rows} of a table {self._weigh}"
            return f"{self.each} and all that hangs on it ({_CHOSEN if self.chosen else weigh})"
        return self.each if self.name == ROW else f"{self.each} (at most {self._rows} {self._weigh})"

    @property
    def whole(self) -> str:
        """`each`, with what belongs to it."""
        if self.table:
            return f"{self.each} with all that hangs on it"
        return self.each if self.name == ROW else f"{self.each} with all its rows"

    @property
    def any_one(self) -> str:
        """ "any one ...", as the subject of a sentence."""
        if self.table:
            return f"any one row of {self.name}, and all that hangs on it,"
        return "any one row" if self.name == ROW else f"any one value of {self.name}, with all its rows,"

    @property
    def _rows(self) -> str:
        return f"{self.k} row" if self.k == 1 else f"{self.k} rows"

    @property
    def _weigh(self) -> str:
        return "weighs" if self.k == 1 else "weigh"
