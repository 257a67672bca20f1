"""A small, safe subset of regular expressions, read backwards: patterns that make text, not match it.

Literals, `.`, classes (`[a-z]`, `[^,]`), `\\d \\w \\s` and their opposites, groups, `|`, and the quantifiers
`? * + {m} {m,} {m,n}` (`*`, `+` and `{m,}` repeat at most 8 times more than they must). Anchors are ignored.
Characters are printable ASCII unless written out. All else is refused with its position. Every text made
matches the pattern.
"""

from __future__ import annotations

import string

from duckpaste.codec.pattern import Chain, Chars, Choice, Node, Repeat
from duckpaste.errors import UserError

PRINTABLE = "".join(chr(c) for c in range(32, 127))
MORE = 8  # repeats beyond the least of an open quantifier
LARGEST = 1000  # characters (and drawn pieces) of one text
_DEPTH = 50
_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


def parse(pattern: str, where: str = "") -> Node:
    """Read a pattern. Syntax outside the subset, or texts longer than LARGEST, raise UserError."""
    reader = _Reader(pattern, where)
    if "\0" in pattern:
        raise reader.fault("a NUL character", pattern.index("\0"))
    node = reader.choice(0)
    if reader.at < len(pattern):
        raise reader.fault("a ')' without its '('")
    return node


class _Reader:
    """A recursive descent over the pattern; `at` is the next character."""

    def __init__(self, pattern: str, where: str) -> None:
        self.pattern = pattern
        self.where = where
        self.at = 0

    def fault(self, what: str, at: int | None = None) -> UserError:
        place = f"pattern {self.pattern!r}, character {(self.at if at is None else at) + 1}"
        remedy = r"write it with literals, [a-z], \d \w \s, ( ), | and {m,n}"
        return UserError(f"{place}: {what}", self.where, remedy)

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self) -> str:
        found = self.peek()
        self.at += 1
        return found

    def choice(self, depth: int) -> Node:
        if depth > _DEPTH:
            raise self.fault("groups are nested too deep")
        start = self.at
        options = [self.chain(depth)]
        while self.peek() == "|":
            self.at += 1
            options.append(self.chain(depth))
        node = options[0] if len(options) == 1 else Choice(tuple(options))
        return self._affordable(node, start)

    def chain(self, depth: int) -> Node:
        parts: list[Node] = []
        start = self.at
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated(depth))
        return self._affordable(parts[0] if len(parts) == 1 else Chain(tuple(parts)), start)

    def repeated(self, depth: int) -> Node:
        start = self.at
        node = self.atom(depth)
        bounds = self.quantifier()
        if bounds is None:
            return node
        if bounds[0] > bounds[1]:
            raise self.fault("a quantifier ends before it starts", start)
        if self.peek() == "?":  # a lazy quantifier has the same texts
            self.at += 1
        mark = self.at
        if self.quantifier() is not None:
            raise self.fault("a quantifier follows another", mark)
        return self._affordable(Repeat(node, *bounds), start)

    def _affordable(self, node: Node, start: int) -> Node:
        if node.cost > LARGEST:
            raise self.fault(f"makes texts of more than {LARGEST} characters", start)
        return node

    def quantifier(self) -> tuple[int, int] | None:
        """Least and most repeats, or None where no quantifier stands."""
        simple = {"?": (0, 1), "*": (0, MORE), "+": (1, 1 + MORE)}
        if self.peek() in simple:
            return simple[self.take()]
        if self.peek() != "{":
            return None
        end = self.pattern.find("}", self.at)
        low, comma, high = self.pattern[self.at + 1 : max(end, self.at)].partition(",")
        digits = all(c in string.digits for c in low + high)
        if end < 0 or not digits or not (low or high) or max(len(low), len(high)) > 4:
            raise self.fault("'{' opens no quantifier; a literal one is written \\{")
        self.at = end + 1
        least = int(low or 0)
        if not comma:
            return least, least
        return least, int(high) if high else least + MORE

    def atom(self, depth: int) -> Node:
        char = self.take()
        if char == "(":
            return self.group(depth)
        if char == "[":
            return Chars(self.char_class())
        if char == ".":
            return Chars(PRINTABLE)
        if char in "^$":
            return Chain(())
        if char == "\\":
            if self.peek() in ("A", "Z"):
                self.at += 1
                return Chain(())
            return Chars(self.escape())
        if char in "?*+{":
            raise self.fault("a quantifier has nothing to repeat", self.at - 1)
        return Chars(char)

    def group(self, depth: int) -> Node:
        start = self.at - 1
        if self.peek() == "?":
            if self.pattern[self.at : self.at + 2] != "?:":
                raise self.fault("only plain groups ( ) and (?: ) are known")
            self.at += 2
        node = self.choice(depth + 1)
        if self.take() != ")":
            raise self.fault("a '(' without its ')'", start)
        return node

    def escape(self) -> str:
        """The characters that an escape stands for; the backslash is read already."""
        char = self.take()
        if char.lower() in _CLASSES and char:
            inside = _CLASSES[char.lower()]
            return inside if char.islower() else _without(inside)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if not char or char.isalnum():
            raise self.fault(
                "this escape is not known" if char else "a backslash ends the pattern", self.at - 2
            )
        return char

    def char_class(self) -> str:
        """The characters of a class; its '[' is read already."""
        start = self.at - 1
        negated = self.peek() == "^"
        self.at += negated
        found: set[str] = set()
        first = True
        while first or self.peek() != "]":
            if not self.peek():
                raise self.fault("a '[' without its ']'", start)
            first = False
            found.update(self.class_item())
        self.at += 1
        chars = _without("".join(found)) if negated else "".join(sorted(found))
        if not chars:
            raise self.fault("this class holds no printable character", start)
        return chars

    def class_item(self) -> str:
        """A character, an escape or a range."""
        start = self.at
        low = self._class_char()
        if self.peek() != "-" or self.pattern[self.at + 1 : self.at + 2] in ("]", ""):
            return low
        self.at += 1
        high = self._class_char()
        if len(low) > 1 or len(high) > 1 or low > high:
            raise self.fault("this range goes nowhere", start)
        return "".join(chr(c) for c in range(ord(low), ord(high) + 1))

    def _class_char(self) -> str:
        char = self.take()
        return self.escape() if char == "\\" else char


def _without(chars: str) -> str:
    return "".join(c for c in PRINTABLE if c not in chars)
