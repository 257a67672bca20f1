"""Limits: what a reader must not conclude, in plain words."""

from __future__ import annotations

from duckpaste.report.origin import Origin


def lines(origin: Origin) -> list[str]:
    """Sentences for the end of the page."""
    found = []
    if origin.private:
        found += [
            "The guarantee is for one privacy unit. A group of n together, such as a family, is protected n times less "
            "(epsilon times n).",
            "It limits what can be learnt about someone because of their own rows. What holds for people in general "
            "(smokers fall ill more often) may be learnt from the synthetic data, and is meant to be.",
            "Every further release from the same private data adds to the loss. Look at the ledger before another run.",
        ]
    else:
        found.append("No guarantee is known for this data. Passing tests for leaks do not make up for it.")
    found += [
        "Scores look at single columns, and at some columns together. What they do not look at may be off: an analysis "
        "that matters should be run on both sides by someone who may.",
        "Small groups are mostly noise: what the private data has only a few dozen rows of, the synthetic data can't "
        "tell. Unusual combinations may be missing, or there without having been real.",
        "Keys and made-up text carry no information. A synthetic row is nobody's row, however like one it looks.",
        "Tests for leaks find coarse faults. That none was found is no proof.",
    ]
    return found
