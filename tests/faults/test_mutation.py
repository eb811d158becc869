"""The mutator changes what it says, one place at a time, and draws the same places for ever."""

from __future__ import annotations

import ast

import pytest

from tests.faults.mutants import judge, warm
from tests.faults.mutation import MODULES, ROOT, Mutant, all_mutants, drawn, mutated


def test_every_mutant_differs_from_its_source_in_one_place() -> None:
    file = "orchestration/activation/guards.py"
    source = ast.unparse(ast.parse((ROOT / file).read_text(encoding="utf-8")))
    mutants = all_mutants(file)
    texts = [ast.unparse(mutated(mutant)) for mutant in mutants]
    assert len(set(texts)) == len(texts) > 20
    for text in texts:
        before, after = source.splitlines(), text.splitlines()
        changed = [pair for pair in zip(before, after, strict=False) if pair[0] != pair[1]]
        assert len(before) != len(after) or len(changed) == 1


def test_the_draw_is_the_same_for_ever_and_reaches_many_modules() -> None:
    mutants = drawn(300, 0)
    assert mutants == drawn(300, 0)
    assert len(set(mutants)) == 300
    assert len({mutant.file for mutant in mutants}) > len(MODULES) / 2


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("orchestration/activation/gate.py", "NotIn becomes In"),
        ("orchestration/activation/settlement.py", "condition negated"),
    ],
)
def test_a_grave_mutant_is_noticed(file: str, what: str) -> None:
    warm()
    mutants = [mutant for mutant in all_mutants(file) if mutant.what == what]
    assert judge(mutants[-1]).by is not None


def test_a_mutant_names_its_line() -> None:
    assert str(Mutant("a.py", 1, 7, "or becomes and")) == "a.py:7 or becomes and"
