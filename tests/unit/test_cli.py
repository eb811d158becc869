"""The command line: what it offers, how it fails, how quickly it answers."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import _source, app
from orchestration.errors import ConfigurationError

COMMANDS = (
    "approve", "brand", "build", "canary", "deliver", "demo", "explain", "fit", "identity", "key",
    "land", "ledger", "optout", "plan", "publish", "reader", "run", "sandbox", "score", "serve",
    "status", "ui",
)  # fmt: skip
GROUPS = ("explain", "fit", "identity", "ledger", "score")
runner = CliRunner()


def test_help_lists_every_command() -> None:
    answer = runner.invoke(app, ["--help"])
    assert answer.exit_code == 0
    for command in COMMANDS:
        assert f" {command} " in answer.output


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in (*GROUPS, "ui")])
def test_every_command_answers_in_json_if_asked(command: str) -> None:
    assert "--json" in runner.invoke(app, [command, "--help"]).output


@pytest.mark.parametrize(
    "command",
    [("fit", "identity"), ("score", "identity"), ("plan", "show"), ("plan", "cancel"),
     *(("ledger", name) for name in ("verify", "backup", "restore", "confirm"))],
)  # fmt: skip
def test_every_command_of_a_group_answers_in_json_if_asked(command: tuple[str, str]) -> None:
    assert "--json" in runner.invoke(app, [*command, "--help"]).output


def test_help_imports_no_heavy_room() -> None:
    script = (
        "import sys, orchestration.cli; "
        "heavy = {'dbt', 'dagster', 'duckdb', 'pandas', 'sqlalchemy', 'great_expectations'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout.strip() == "[]"


def test_landing_nothing_is_refused() -> None:
    answer = runner.invoke(app, ["land"])
    assert isinstance(answer.exception, ConfigurationError)
    assert "--register" in answer.exception.remedy


@pytest.mark.parametrize("pair", ["fivetran_shopify", "=shopify", "fivetran_shopify="])
def test_registering_needs_schema_and_source(pair: str) -> None:
    with pytest.raises(ConfigurationError, match="schema=source"):
        _source(None, None, [pair], None, None)


def test_a_source_is_what_the_options_say() -> None:
    source = _source(Path("in"), "shop", ["loaded_a=shopify", "loaded_b=klaviyo"], None, None)
    assert source is not None
    assert source.registered == {"shopify": "loaded_a", "klaviyo": "loaded_b"}
    assert source.relation == "shop"
    assert _source(None, None, None, None, None) is None
