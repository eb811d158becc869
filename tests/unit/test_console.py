"""How answers and errors look, for people and for scripts."""

import json

import pytest

from orchestration.console import Output, run_plainly, table
from orchestration.errors import TributaryError


def _fails() -> None:
    raise TributaryError("The file is empty.", remedy="Give another one.")


def test_an_error_is_plain_words_and_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_plainly(_fails, is_json=False) == 1
    shown = capsys.readouterr()
    assert "The file is empty." in shown.err
    assert "Give another one." in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_an_error_is_json_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_plainly(_fails, is_json=True) == 1
    assert json.loads(capsys.readouterr().out)["remedy"] == "Give another one."


def test_a_defect_shows_frames_and_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    def breaks() -> None:
        raise ValueError("could not convert 'ada@example.com'")

    assert run_plainly(breaks, is_json=False) == 1
    shown = capsys.readouterr().err
    assert "ValueError" in shown
    assert "test_console.py" in shown
    assert "ada" not in shown


def test_an_answer_is_json_or_tables(capsys: pytest.CaptureFixture[str]) -> None:
    rows = table("Rows", ("table", "count"), [("[red]order[/]", 12345)])
    Output.choose(True).answer({"count": 1}, rows)
    assert json.loads(capsys.readouterr().out) == {"count": 1}
    Output.choose(False).answer({"count": 1}, rows)
    shown = capsys.readouterr().out
    assert "12,345" in shown
    assert "[red]order[/]" in shown


def test_an_empty_table_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    Output.choose(False).answer({}, table("Nothing", ("a",), []), "0 rows")
    assert capsys.readouterr().out.strip() == "0 rows"


def test_progress_is_silent_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    with Output.choose(True).progress() as progress:
        progress("order", 1, 2)
    assert capsys.readouterr().err == ""


def test_a_long_command_in_an_answer_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    command = "tributary identity unlink " + "main|shopify.order|1000000003075 " * 6
    Output.choose(False).answer({}, command)
    assert capsys.readouterr().out.splitlines() == [command]
