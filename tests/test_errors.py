"""Errors: what, where and the remedy, all at once."""

from __future__ import annotations

import pytest

from duckpaste.errors import BudgetError, DomainError, Fault, Faults, UserError, nearest, raise_all


def test_a_fault_says_what_where_and_the_remedy() -> None:
    assert str(Fault("is broken", "file:3", "mend it")) == "file:3: is broken; mend it"
    assert str(Fault("is broken")) == "is broken"
    error = UserError("a", "b", "c")
    assert (str(error), error.exit_code, error.faults) == ("b: a; c", 2, (Fault("a", "b", "c"),))
    assert BudgetError("x").exit_code == 2 and DomainError("x").exit_code == 1


def test_all_faults_are_raised_at_once() -> None:
    raise_all([])
    with pytest.raises(Faults) as caught:
        raise_all(Fault(f"fault {i}") for i in range(3))
    assert str(caught.value) == "fault 0\nfault 1\nfault 2"


def test_the_nearest_word() -> None:
    assert nearest("epsilo", ["delta", "epsilon"]) == "did you mean 'epsilon'?"
    assert nearest("zzz", ["delta", "epsilon"]) == "known: delta, epsilon"
    assert nearest("zzz", []) == "none is known"
    assert nearest("MST", ["fast", "mst"]) == "did you mean 'mst'?"
    assert nearest("EPSILO", ["delta", "Epsilon", "epsilon"]) == "did you mean 'Epsilon'?"
