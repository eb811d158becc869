"""The dbt runner on a small project of its own: results, locks, and what it never says."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from orchestration.errors import WarehouseBusyError
from orchestration.project import DbtFailedError, DbtProject
from orchestration.settings import PROJECT_DIR, Settings

OPEN = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('select 1')"
HOLD = (
    "import duckdb, sys; held = duckdb.connect(sys.argv[1]); "
    "print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def project(tmp_path: Path) -> DbtProject:
    root = tmp_path / "project"
    (root / "models" / "staging").mkdir(parents=True)
    (root / "models" / "marts" / "margin").mkdir(parents=True)
    (root / "dbt_project.yml").write_text(
        "name: small\nversion: '1.0'\nconfig-version: 2\nprofile: tributary\n"
        "vars: {wanted: 1}\nflags: {send_anonymous_usage_stats: false}\n"
    )
    shutil.copy(PROJECT_DIR / "profiles.yml", root / "profiles.yml")
    (root / "models" / "staging" / "stg_numbers.sql").write_text(
        "select {{ var('wanted') }} as number"
    )
    (root / "models" / "staging" / "_models.yml").write_text(
        "models:\n  - name: stg_numbers\n    columns:\n      - name: number\n"
        "        data_tests:\n          - accepted_values: {arguments: {values: [1]}}\n"
    )
    (root / "models" / "marts" / "margin" / "fct_sums.sql").write_text(
        "select sum(number) as total_amount from {{ ref('stg_numbers') }}"
    )
    settings = Settings.from_env(
        {
            "TRIBUTARY_PROJECT_DIR": str(root),
            "TRIBUTARY_HOME": str(tmp_path / "home"),
            "TRIBUTARY_LOCK_TIMEOUT_SECONDS": "0.2",
        }
    )
    return DbtProject(settings)


def other_process_opens(project: DbtProject) -> bool:
    command = [sys.executable, "-c", OPEN, str(project.settings.warehouse)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def break_model(project: DbtProject) -> None:
    model = project.settings.project_dir / "models" / "marts" / "margin" / "fct_sums.sql"
    model.write_text(
        "{{ config(materialized='table') }} select cast('ada@example.com' as integer) as wrong "
        "from {{ ref('stg_numbers') }}"
    )


def test_a_build_reports_layers_and_lets_the_warehouse_go(project: DbtProject) -> None:
    events: list[dict[str, Any]] = []
    result = project.build(on_result=events.append)
    assert result.succeeded
    assert result.counts == {"model": {"passed": 2}, "test": {"passed": 1}}
    assert set(result.seconds_by_layer) == {"staging", "margin", "tests"}
    assert {event["data"]["node_info"]["node_name"] for event in events} >= {
        "stg_numbers",
        "fct_sums",
    }
    assert other_process_opens(project)
    assert project.manifest_path.exists()
    # The second invocation keeps the manifest: nothing is parsed again.
    stamp = project.manifest_path.stat().st_mtime_ns
    assert project.build(["fct_sums"]).counts == {"model": {"passed": 1}}
    assert project.manifest_path.stat().st_mtime_ns == stamp


def test_a_build_gives_way_to_whoever_serves(project: DbtProject) -> None:
    priorities: list[int] = []

    def heard(_: dict[str, Any]) -> None:
        priorities.append(os.getpriority(os.PRIO_PROCESS, 0))

    project.parse()
    before = os.getpriority(os.PRIO_PROCESS, 0)
    # In a thread, as what gives way does so for good.
    thread = threading.Thread(target=project.build, kwargs={"on_result": heard})
    thread.start()
    thread.join()
    assert priorities
    assert min(priorities) >= 10
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_ephemeral_models_build_a_second_time_in_the_same_process(project: DbtProject) -> None:
    models = project.settings.project_dir / "models"
    (models / "staging" / "stg_numbers.sql").write_text(
        "{{ config(materialized='ephemeral') }} select {{ var('wanted') }} as number"
    )
    assert project.build(["fct_sums"]).succeeded
    assert project.build(["fct_sums"]).succeeded


def test_a_failed_model_is_named_without_the_value_and_lets_the_warehouse_go(
    project: DbtProject,
) -> None:
    break_model(project)
    result = project.build()
    (failure,) = result.failures
    assert failure.name == "fct_sums"
    assert "Conversion" in failure.message
    assert "ada" not in failure.message
    assert other_process_opens(project)
    logs = project.settings.home / "logs"
    assert not any(b"ada@example.com" in log.read_bytes() for log in logs.rglob("*.log"))


def test_a_failed_test_is_a_failure_and_lets_the_warehouse_go(project: DbtProject) -> None:
    result = project.build(vars={"wanted": 2})
    assert [node.resource_type for node in result.failures] == ["test"]
    assert result.counts["model"]["skipped"] == 1
    assert other_process_opens(project)


def test_a_project_that_does_not_parse_says_which_file(project: DbtProject) -> None:
    model = project.settings.project_dir / "models" / "marts" / "margin" / "fct_sums.sql"
    model.write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(DbtFailedError, match=r"fct_sums\.sql"):
        project.parse()


def test_a_warehouse_held_by_someone_else_is_said_in_plain_words(project: DbtProject) -> None:
    project.build()
    command = [sys.executable, "-c", HOLD, str(project.settings.warehouse)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(WarehouseBusyError):
            project.build()
        holder.communicate()
    assert project.build().succeeded


def test_what_needs_no_work_is_no_failure(project: DbtProject) -> None:
    exposures = project.settings.project_dir / "models" / "exposures.yml"
    exposures.write_text(
        "exposures:\n  - name: sums\n    type: dashboard\n    owner: {name: growth}\n"
        "    depends_on: [ref('fct_sums')]\n"
    )
    result = project.build()
    result.raise_for_failures()
    assert {node.resource_type for node in result.nodes} == {"model", "test"}
