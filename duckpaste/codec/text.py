"""Text that is made up: no value is read, only whether it is NULL.

Options: `regex` (see regex.py), `faker` (the name of a method of the faker package, with `locale`), or
`constant`. With none of them, the text is NULL where the column is nullable, else the word "text".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from duckpaste.codec.base import Codec, CodeColumn, ColumnSql, column_sql
from duckpaste.codec.options import fault, where
from duckpaste.codec.pattern import Node
from duckpaste.codec.presence import Presence
from duckpaste.codec.regex import parse
from duckpaste.domain import IntArray
from duckpaste.errors import nearest
from duckpaste.schema.view import Field

if TYPE_CHECKING:
    import pyarrow as pa

PLACEHOLDER = "text"
_SOURCES = ("regex", "faker", "constant")
_CHARACTERS = 4_000_000  # of one numpy array of texts


class Text(Codec):
    """One code column (NULL or not) where the field is nullable and has a source; else none."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        found = [s for s in _SOURCES if field.option(s) is not None]
        if len(found) > 1:
            raise fault(field, f"options {found[0]!r} and {found[1]!r} exclude each other", "keep one")
        self.source = found[0] if found else ""
        self.pattern = parse(str(field.option("regex")), where(field)) if self.source == "regex" else None
        self.method = _provider(field) if self.source == "faker" else ""
        self.presence = Presence(field, modelled=field.nullable and bool(found))

    def columns(self) -> Sequence[CodeColumn]:
        """NULL or not."""
        return self.presence.columns()

    def encode(self, column: ColumnSql = column_sql) -> Mapping[str, str]:
        """NULL or not."""
        return self.presence.encode(column)

    def decode(
        self,
        codes: Mapping[str, IntArray],
        rows: range,
        rng: np.random.Generator,
        decoded: Mapping[str, pa.Array],
    ) -> Mapping[str, pa.Array]:
        """string."""
        import pyarrow as pa

        null, n = self.presence.null(codes), len(rows)
        here = np.arange(n) if null is None else np.flatnonzero(~null)
        if not self.source and self.field.nullable:
            return {self.presence.column: pa.nulls(n, pa.string())}
        made = self._make(here.size, rng)
        if null is not None:
            # Texts are made for present rows only; an index of NULL gives NULL.
            made = made.take(pa.array(np.cumsum(~null) - 1, mask=null))
        return {self.presence.column: made}

    def _make(self, n: int, rng: np.random.Generator) -> pa.Array:
        import pyarrow as pa

        if self.pattern is not None:
            return draw_strings(self.pattern, n, rng)
        if self.method:
            fake = _faker(self.field)
            fake.seed_instance(int(rng.integers(2**63)))
            make = getattr(fake, self.method)
            return pa.array([str(make()) for _ in range(n)], pa.string())
        return pa.repeat(pa.scalar(str(self.field.option("constant", PLACEHOLDER)), pa.string()), n)


def draw_strings(pattern: Node, n: int, rng: np.random.Generator) -> pa.Array:
    """`n` random texts of a pattern as an Arrow string array, made in slices so that memory stays small."""
    import pyarrow as pa

    step = max(1, _CHARACTERS // pattern.cost)
    slices = [pattern.draw(min(step, n - start), rng) for start in range(0, n, step)]
    return pa.concat_arrays([pa.array([], pa.string()), *(pa.array(s.tolist(), pa.string()) for s in slices)])


def _faker(field: Field) -> Any:
    """A Faker of the declared locale. UserError when the package or the locale is missing."""
    try:
        from faker import Faker
    except ImportError:
        raise fault(
            field, "option 'faker' needs the faker package", "pip install 'duckpaste[faker]'"
        ) from None
    locale = str(field.option("locale", "en_US"))
    try:
        return Faker(locale)
    except (AttributeError, ValueError, ModuleNotFoundError):
        raise fault(field, f"faker knows no locale {locale!r}", "write it as en_GB") from None


def _provider(field: Field) -> str:
    """The declared method when a provider of faker has it; nothing else of Faker can be called."""
    name = str(field.option("faker"))
    known = {
        m
        for p in _faker(field).get_providers()
        for m in dir(type(p))
        if callable(getattr(p, m)) and m[0] != "_"
    }
    if name not in known - {"add_provider", "get_providers"}:
        raise fault(
            field, f"faker has no method {name!r}", nearest(name, sorted(known)) if len(name) > 2 else ""
        )
    return name
