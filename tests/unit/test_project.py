"""What the dbt runner makes of dbt's words and folders, without dbt."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestration.project import (
    BuildFailedError,
    BuildResult,
    DbtProject,
    NodeResult,
    layer_of,
    safe_message,
)
from orchestration.settings import Settings


def node(
    name: str, status: str = "passed", *, kind: str = "model", layer: str = "staging"
) -> NodeResult:
    return NodeResult(name, kind, layer, status, 0.25, "why")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "fqn", "layer"),
    [
        ("model", ["tributary", "staging", "shopify", "stg_shopify__orders"], "staging"),
        ("model", ["tributary", "marts", "margin", "fct_order_margin"], "margin"),
        ("model", ["tributary", "intermediate", "time", "int_as_of"], "intermediate"),
        ("model", ["tributary", "alone"], "models"),
        ("seed", ["tributary", "currencies"], "seeds"),
        ("test", ["tributary", "marts", "margin", "not_null"], "tests"),
        ("unit_test", ["tributary", "marts", "margin", "unit"], "tests"),
    ],
)
def test_the_folder_names_the_layer(kind: str, fqn: list[str], layer: str) -> None:
    assert layer_of(kind, fqn) == layer


def test_a_message_about_data_shows_no_value() -> None:
    message = """Runtime Error in model stg_x (models/staging/x/stg_x.sql)
      Conversion Error: Could not convert string 'ada@example.com' to INT32 at 4915112345678
      LINE 4: select cast(email as integer) from people where email = 'ada@example.com'
    """
    shown = safe_message(message)
    assert "stg_x" in shown
    assert "Conversion Error" in shown
    assert "ada" not in shown
    assert "4915112345678" not in shown


def test_a_message_about_a_statement_keeps_the_names() -> None:
    message = 'Runtime Error in model m\n  Binder Error: Referenced column "emial" not found'
    assert '"emial"' in safe_message(message)


def test_how_many_rows_a_test_refused_is_no_secret() -> None:
    message = "Got 48201 results, configured to fail if != 0"
    assert safe_message(message) == message


def test_a_result_counts_and_adds_up_by_kind_and_layer() -> None:
    result = BuildResult(
        (
            node("a"),
            node("b", layer="margin"),
            node("t", kind="test", layer="tests"),
            node("u", "skipped", kind="test", layer="tests"),
        ),
        seconds=1.0,
    )
    assert result.succeeded
    assert result.counts == {"model": {"passed": 2}, "test": {"passed": 1, "skipped": 1}}
    assert result.seconds_by_layer == {"staging": 0.25, "margin": 0.25, "tests": 0.5}
    result.raise_for_failures()


def test_a_failure_names_the_first_nodes_and_counts_the_rest() -> None:
    result = BuildResult(tuple(node(f"n{i}", "failed") for i in range(7)), seconds=1.0)
    with pytest.raises(BuildFailedError) as raised:
        result.raise_for_failures()
    assert "7 of 7" in raised.value.what
    assert "n4: why" in raised.value.what
    assert "and 2 more" in raised.value.what
    assert raised.value.remedy


def test_the_fingerprint_moves_with_files_and_vars(tmp_path: Path) -> None:
    for name in ("dbt_project.yml", "profiles.yml"):
        (tmp_path / name).write_text("vars: {shop_timezone: Europe/Berlin}\n")
    model = tmp_path / "models" / "m.sql"
    model.parent.mkdir()
    model.write_text("select 1")
    settings = Settings.from_env(
        {"TRIBUTARY_PROJECT_DIR": str(tmp_path), "TRIBUTARY_HOME": str(tmp_path / "var")}
    )
    project = DbtProject(settings)
    before = project._fingerprint({})
    assert project._fingerprint({}) == before
    assert project._fingerprint({"as_of": "2026-01-01"}) != before
    model.write_text("select 12")
    assert project._fingerprint({}) != before
    assert project.variable("shop_timezone") == "Europe/Berlin"
    assert project.variable("absent") is None


def test_a_status_that_dbt_may_add_counts_as_failed() -> None:
    from orchestration.project import _node_result

    raw = SimpleNamespace(
        status="runtime error",
        node=SimpleNamespace(
            name="m",
            resource_type="model",
            fqn=["t", "staging", "m"],
            config=SimpleNamespace(meta={"remedy": "Mend it."}),
        ),
        execution_time=0.1,
        message="Binder Error: x",
    )
    node = _node_result(raw)
    assert (node.status, node.message) == ("failed", "Binder Error: x. Mend it.")
