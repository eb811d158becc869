from __future__ import annotations

import pytest

from orchestration.destinations.file.cells import cell, common, type_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("", ""),
        ("plain", "plain"),
        (True, "true"),
        (3, "3"),
        (-3, "-3"),
        (0.5, "0.5"),
        (["b", "a"], '["b", "a"]'),
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("'twas", "''twas"),
        ("+16505550100", "+16505550100"),
        ("-5.00", "-5.00"),
        ("-5.00.1", "'-5.00.1"),
        ("+", "'+"),
        ("a=1", "a=1"),
    ],
)
def test_a_value_stands_so_that_no_spreadsheet_runs_it(value: object, expected: str) -> None:
    assert cell(value) == expected


@pytest.mark.parametrize("text", ["=1", "'=1", "''", "plain", "+1", "-x", "'"])
def test_a_reader_gets_every_text_back_by_dropping_one_apostrophe(text: str) -> None:
    assert cell(text).removeprefix("'") == text


def test_a_column_has_the_type_of_all_its_values() -> None:
    assert [type_of(value) for value in (None, True, 1, 1.5, "a", [1])] == [
        None, "boolean", "number", "number", "text", "text",
    ]
    assert common(None, "number") == "number"
    assert common("number", "number") == "number"
    assert common("number", "boolean") == "text"
