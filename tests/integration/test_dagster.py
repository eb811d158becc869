"""The Dagster code location: one graph, its groups, schedules and sensor, and a job to its end."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.activation.approval import demo_approve
from orchestration.activation.canary import Channel
from orchestration.activation.connected import split_connected
from orchestration.activation.drift import Drift
from orchestration.activation.spec import SyncSpec, read_sync_specs
from orchestration.assets.canary import CANARY_JOB, canary_checks
from orchestration.assets.erasures import AGAIN_AFTER, ERASURES_JOB, erasures_check
from orchestration.assets.names import delivery_key, object_name, plan_key, snapshot_key
from orchestration.assets.read_back import READ_BACK_JOB, read_back_check
from orchestration.automation import ACCOUNT_TAG
from orchestration.brand import make_brand
from orchestration.definitions import build_defs
from orchestration.demo import sandbox_objects
from orchestration.ledger import SealedPlan, consent_events, open_ledger, seals, utc_now
from orchestration.ledger.erasures import Step
from orchestration.project import DbtProject
from orchestration.rights.erase import ErasureReport, ask_by_hand
from orchestration.sandbox.server import sandbox_environment, start_in_background
from orchestration.settings import BUILD_SCHEDULE, Settings, child_environment
from orchestration.ui import prepare_dagster_home

LAYERS = {
    "landing", "seeds", "staging", "identity", "intermediate", "commerce", "attribution",
    "margin", "marketing", "consent", "customer", "delivery", "audiences", "activation", "publish",
}  # fmt: skip
AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    home = tmp_path_factory.mktemp("dagster")
    settings = Settings.from_env({"TRIBUTARY_HOME": str(home)})
    objects = sandbox_objects(DbtProject(settings))
    with start_in_background(home / "sandbox", objects) as base:
        yield Settings.from_env({**child_environment(settings), **sandbox_environment(base)})


@pytest.fixture(scope="module")
def manifest(settings: Settings) -> dict[str, Any]:
    content = DbtProject(settings).current_manifest().read_text(encoding="utf-8")
    return dict(json.loads(content))


@pytest.fixture(scope="module")
def specs(settings: Settings) -> list[SyncSpec]:
    return read_sync_specs(DbtProject(settings).current_manifest())


@pytest.fixture(scope="module")
def defs(settings: Settings) -> dg.Definitions:
    return build_defs(settings)


@pytest.fixture(scope="module")
def graph(defs: dg.Definitions) -> Any:
    return defs.resolve_asset_graph()


def relations(manifest: dict[str, Any], kind: str) -> set[dg.AssetKey]:
    return {
        dg.AssetKey([node["schema"], node["alias"]])
        for node in manifest["nodes"].values()
        if node["resource_type"] == kind and node["config"]["materialized"] != "ephemeral"
    }


def test_every_model_seed_and_raw_table_is_an_asset(graph: Any, manifest: dict[str, Any]) -> None:
    keys = set(graph.get_all_asset_keys())
    assert relations(manifest, "model") <= keys
    assert relations(manifest, "seed") <= keys
    raw = {dg.AssetKey([s["schema"], s["name"]]) for s in manifest["sources"].values()}
    assert raw <= keys
    # Nothing is only referred to: every asset of the graph can be materialised here.
    assert set(graph.materializable_asset_keys) == keys


def test_one_graph_leads_from_landing_to_every_delivery(graph: Any, specs: list[SyncSpec]) -> None:
    assert len(specs) == 54
    orders = dg.AssetKey(["raw_shopify", "order"])
    for spec in specs:
        upstream = graph.get_ancestor_asset_keys(delivery_key(spec))
        assert {plan_key(spec), snapshot_key(), orders} <= set(upstream)


def test_dagster_can_load_every_definition(defs: dg.Definitions) -> None:
    """What a code server asks for and a test by name does not: an op named like a job is refused
    there alone, and with it the whole location."""
    repository = defs.get_repository_def()
    repository.load_all_definitions()
    jobs = {job.name for job in repository.get_all_jobs()}
    assert {"hourly_build", CANARY_JOB, READ_BACK_JOB, ERASURES_JOB} <= jobs


def test_groups_are_the_layers(graph: Any) -> None:
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert groups == LAYERS
    assert graph.get(dg.AssetKey(["customer", "dim_customers"])).group_name == "customer"


def test_dbt_tests_and_the_landing_border_are_checks(graph: Any) -> None:
    names = {key.name for key in graph.asset_check_keys}
    assert "landing_border" in names
    on_customers = dg.AssetKey(["customer", "dim_customers"])
    assert any(key.asset_key == on_customers for key in graph.asset_check_keys)


def test_whatever_opens_the_warehouse_takes_the_one_slot(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for node in graph.asset_nodes:
        if node.key.path[0] == "delivered":
            vendor = node.key.path[1].partition("__")[0]
            assert node.pools == {f"send_{vendor}"}, node.key
        else:
            assert node.pools == {"warehouse"}, node.key


def test_schedules_are_those_of_meta_sync_in_the_shops_time_zone(
    defs: dg.Definitions, specs: list[SyncSpec], settings: Settings
) -> None:
    schedules = {one.name: one for one in defs.get_repository_def().schedule_defs}
    assert schedules["hourly_build"].cron_schedule == BUILD_SCHEDULE
    for spec in specs:
        schedule = schedules.pop(f"deliver_{object_name(spec)}")
        assert schedule.cron_schedule == spec.schedule
        assert schedule.execution_timezone == "America/New_York"
        is_on = schedule.default_status == dg.DefaultScheduleStatus.RUNNING
        assert is_on == (spec in split_connected(settings, specs)[0])
    assert set(schedules) == {"hourly_build", "opt_out_canary", "read_back"}
    assert {spec.schedule for spec in specs if "cart_abandoner" in spec.object} == {"*/15 * * * *"}


def test_loading_the_definitions_imports_no_great_expectations(settings: Settings) -> None:
    script = (
        "import sys; from orchestration.definitions import build_defs; "
        "build_defs().get_repository_def(); "
        "print([name for name in sys.modules if name.startswith('great_expectations')])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=True, env=child_environment(settings),
    )  # fmt: skip
    assert found.stdout.strip().endswith("[]")


def test_the_instance_frees_slots_and_retries_crashes_only(settings: Settings) -> None:
    home = prepare_dagster_home(settings)
    assert (home / ".nux" / "nux.yaml").exists()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"] == 60
        assert instance.run_retries_max_retries == 2
        assert instance.run_retries_retry_on_asset_or_op_failure is False
        concurrency = instance.get_concurrency_config()
        assert concurrency.pool_config.default_pool_limit == 1
        assert instance.run_coordinator.dequeue_interval_seconds == 2  # type: ignore[attr-defined]
        (limit,) = concurrency.run_queue_config.tag_concurrency_limits
        assert limit["key"] == ACCOUNT_TAG
        assert limit["value"] == {"applyLimitPerUniqueValue": True}
        assert limit["limit"] == 1


def test_the_sensor_starts_the_delivery_of_an_approved_plan_once(
    defs: dg.Definitions, specs: list[SyncSpec], settings: Settings, tmp_path: Path
) -> None:
    apart = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    sensor = defs.get_repository_def().get_sensor_def("approved_plans")

    def requests() -> list[dg.RunRequest]:
        context = dg.build_sensor_context(resources={"settings": apart})
        return list(sensor.evaluate_tick(context).run_requests or [])

    assert requests() == []
    with open_ledger(apart) as ledger, ledger.transaction() as connection:
        seals.seal(connection, _sealed(specs[0], state="open"), AT)
    assert requests() == []
    with open_ledger(apart) as ledger, ledger.transaction() as connection:
        seals.set_state(connection, "a" * 64, "approved", reason=None)
    (request,) = requests()
    assert request.job_name == f"deliver_{object_name(specs[0])}"
    assert request.asset_selection == [delivery_key(specs[0])]
    assert request.run_key == "a" * 64
    assert requests()[0].run_key == request.run_key


def test_the_sensor_lands_closed_segments_and_builds_what_stands_on_them(
    defs: dg.Definitions, settings: Settings, tmp_path: Path
) -> None:
    apart = Settings.from_env({"TRIBUTARY_HOME": str(tmp_path)})
    repository = defs.get_repository_def()
    sensor = repository.get_sensor_def("closed_segments")
    apart.segments_dir.mkdir(parents=True)
    with dg.DagsterInstance.ephemeral() as instance:
        cursor: str | None = None

        def requests() -> list[dg.RunRequest]:
            nonlocal cursor
            context = dg.build_sensor_context(
                instance=instance, repository_def=repository, cursor=cursor,
                resources={"settings": apart},
            )  # fmt: skip
            found = list(sensor.evaluate_tick(context).run_requests or [])
            cursor = context.cursor
            return found

        segment = apart.segments_dir / "events-000000001.jsonl"
        segment.with_name(f"{segment.name}.open").write_text("{}\n")
        assert requests() == [], "nobody closed it"
        segment.with_name(f"{segment.name}.open").rename(segment)
        (request,) = requests()
        selected = set(request.asset_selection or [])
        # What they fill and the ledger beside them, what stands on that, and nothing that leaves.
        assert {
            dg.AssetKey(["raw_web", "event"]), dg.AssetKey(["raw_shopify", "order"]),
            dg.AssetKey(["raw_ledger", "consent_event"]),
            dg.AssetKey(["consent", "fct_consent_history"]), snapshot_key(),
        } <= selected  # fmt: skip
        assert dg.AssetKey(["raw_google_ads", "account_history"]) not in selected
        assert not {key.path[0] for key in selected} & {"plan", "delivered"}
        assert requests() == [], "once"

        segment.with_name("events-000000002.jsonl").write_text("{}\n")
        job = repository.get_job("hourly_build")
        running = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        assert requests() == [], "a build under way may be past its landing"
        instance.report_run_failed(running)
        assert len(requests()) == 1, "and what waited is not forgotten"


@pytest.mark.slow
def test_the_scheduled_jobs_run_to_the_end(
    defs: dg.Definitions, settings: Settings, specs: list[SyncSpec]
) -> None:
    make_brand(settings.inbox_dir, customers=300, months=6, seed=11, progress=lambda *_: None)
    repository = defs.get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        built = repository.get_job("hourly_build").execute_in_process(instance=instance)
        assert built.success
        checks = built.get_asset_check_evaluations()
        assert checks
        assert all(check.passed for check in checks)
        assert instance.get_latest_materialization_event(snapshot_key()) is not None
        profiles = next(spec for spec in specs if spec.object == "profiles")
        job = repository.get_job(f"deliver_{object_name(profiles)}")
        assert job.execute_in_process(instance=instance).success
        # Nobody approved: a plan stands, nothing was delivered.
        assert instance.get_latest_materialization_event(plan_key(profiles)) is not None
        assert instance.get_latest_materialization_event(delivery_key(profiles)) is None
        with open_ledger(settings) as ledger:
            (sealed,) = ledger.plans(("open",))
            demo_approve(ledger, settings, sealed.plan_hash, now=utc_now)
        sent = job.execute_in_process(instance=instance)
        assert sent.success
        assert {check.check_name: check.passed for check in sent.get_asset_check_evaluations()} == {
            "every_row_is_decided": True,
            "no_row_is_in_doubt": True,
            "few_rows_are_rejected": True,
        }
        delivered = instance.get_latest_materialization_event(delivery_key(profiles))
        assert delivered is not None
        materialization = delivered.asset_materialization
        assert materialization is not None
        assert materialization.metadata["accepted"].value == sealed.add_count > 0
        assert materialization.metadata["planned"].value == sealed.add_count


def _sealed(spec: SyncSpec, *, state: str) -> SealedPlan:
    return SealedPlan(
        plan_hash="a" * 64,
        destination=spec.destination,
        object=spec.object,
        model=spec.model,
        kind=spec.kind,
        purpose=spec.purpose,
        seal_json="{}",
        state=state,
        reason=None,
        delivered_version=0,
        desired_count=1,
        delivered_count=0,
        add_count=1,
        update_count=0,
        remove_count=0,
        held_back_count=0,
        planned_at=AT,
    )


def test_a_broken_channel_fails_its_own_check_and_no_other() -> None:
    found = [
        Channel("klaviyo", "suppression", "broken", "the vendor shows her still"),
        Channel("klaviyo", "list/vip", "absent"),
        Channel("meta", "custom_audience/vip", "accepted"),
    ]
    results = {
        one.check_name: one for one in canary_checks(found, ["klaviyo", "meta", "postscript"])
    }
    assert {name for name, one in results.items() if not one.passed} == {
        "canary_is_gone_from_klaviyo"
    }
    broken = results["canary_is_gone_from_klaviyo"].metadata["broken"].value
    assert broken == '{"suppression": "the vendor shows her still"}'


def test_somebody_who_is_back_fails_the_reading(defs: dg.Definitions) -> None:
    there = Drift("klaviyo", "list/vip", 5, 4, 1, 0, 1)
    assert read_back_check([there]).passed
    back = read_back_check([there, Drift("google", "customer_match/vip", 5, 4, 0, 2, 1)])
    assert not back.passed
    assert back.metadata["objects"].value == "google customer_match/vip: 2"


def test_what_vendors_list_is_read_from_dagster(defs: dg.Definitions) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.get_repository_def().get_job(READ_BACK_JOB)
        result = job.execute_in_process(instance=instance)
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert check.passed


def test_whoever_asked_to_be_erased_is_erased_by_dagster(
    defs: dg.Definitions, settings: Settings
) -> None:
    moment = [AT]
    repository = defs.get_repository_def()
    sensor = repository.get_sensor_def("erasure_requests")

    def look(cursor: str | None) -> tuple[bool, str | None]:
        context = dg.build_sensor_context(
            cursor=cursor, resources={"settings": settings, "now": lambda: moment[0]}
        )
        data = sensor.evaluate_tick(context)
        return bool(data.run_requests), context.cursor

    assert look(None) == (False, None)
    with open_ledger(settings) as ledger:
        ask_by_hand(ledger, {("email_sha256", "0" * 64)}, utc_now)
    is_started, cursor = look(None)
    assert is_started
    assert look(cursor) == (False, cursor), "it was tried a moment ago"
    moment[0] += AGAIN_AFTER
    assert look(cursor)[0]
    with dg.DagsterInstance.ephemeral() as instance:
        result = repository.get_job(ERASURES_JOB).execute_in_process(instance=instance)
    assert result.success
    with open_ledger(settings) as ledger, ledger.read() as reader:
        assert not consent_events.erasures_asked(reader), "it has begun"


def test_what_only_a_person_can_erase_warns() -> None:
    task, done = (Step(name, name, {}, AT) for name in ("task", "done"))
    assert erasures_check([ErasureReport(1, True, (done,))]).passed
    check = erasures_check([ErasureReport(1, True, (done,)), ErasureReport(2, False, (task,))])
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert check.metadata["tasks"].value == "request 2: task"
