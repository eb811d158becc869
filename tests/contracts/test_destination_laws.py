"""Laws of every destination, against the sandbox over HTTP.

What lives here: what holds for each entry of the registry; a new plug-in is tested by existing.
What never does: a fact of one vendor; those are unit tests.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import httpx
import pytest

from orchestration.destinations.base import Destination, FatalError, ReadBack, RetriableError
from orchestration.destinations.optouts import OptOutReading
from orchestration.destinations.registry import PLUGINS, open_destination
from tests.contracts.cases import (
    CASES,
    SUBSCRIBERS,
    Case,
    World,
    settled,
    without_secret,
    wrong_secret,
)


def every(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


every_destination = every(CASES)
every_remote = every([case for case in CASES if case.is_remote])
# Of events, the name is made by being sent.
every_known_name = every([c for c in CASES if c.is_remote and "/" in c.object and c.unknown])
every_membership = every([case for case in CASES if case.counts])
every_removing = every([case for case in CASES if case.removes])
every_repeatable = every([case for case in CASES if case.is_repeatable])
every_remote_repeatable = every([c for c in CASES if c.is_remote and c.is_repeatable])
every_unrepeatable = every([case for case in CASES if not case.is_repeatable])
every_staying = every([case for case in CASES if not case.removes])


class NoCalls(httpx.BaseTransport):
    """A network that nobody may touch."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise AssertionError("a call was made")


def in_small_requests(destination: Destination, row_count: int) -> Destination:
    limits = replace(destination.limits, rows_per_request=row_count)
    return replace(destination, limits=limits)  # type: ignore[type-var]


def test_every_entry_of_the_registry_has_a_case() -> None:
    registered = {f"{name}:{kind}" for name, kinds in PLUGINS.items() for kind in kinds}
    assert {case.name for case in CASES} == registered


@every_destination
def test_an_empty_batch_makes_no_call_and_needs_no_secret(case: Case, world: World) -> None:
    settings = without_secret(world.settings[case.destination])
    destination = open_destination(
        case.destination, case.object, settings, transport=NoCalls()
    )
    assert destination.upsert([]) == []
    assert destination.remove([]) == []


@every_destination
@pytest.mark.parametrize("row_count", [1, 5])
def test_n_rows_give_n_receipts_with_the_same_keys(
    case: Case, row_count: int, world: World
) -> None:
    destination = in_small_requests(world.open(case), 2)
    rows = [case.row() for _ in range(row_count)]
    added = settled(destination, rows, destination.upsert(rows))
    removed = settled(destination, rows, destination.remove(rows))
    for receipts in (added, removed):
        assert [receipt.key for receipt in receipts] == [row.key for row in rows]
    assert {receipt.verdict for receipt in added} == {case.verdict}
    assert {receipt.verdict for receipt in removed} == {
        "accepted" if case.removes else "rejected"
    }


@every_destination
def test_a_mixed_response_gives_mixed_receipts(case: Case, world: World) -> None:
    destination = world.open(case)
    rows = [case.row() for _ in range(9)]
    rows[2], rows[6] = case.bad_row(), case.bad_row()
    receipts = settled(destination, rows, destination.upsert(rows))
    verdicts = [receipt.verdict for receipt in receipts]
    assert [place for place, verdict in enumerate(verdicts) if verdict == "rejected"] == [2, 6]
    assert set(verdicts) == {case.verdict, "rejected"}
    assert all(receipt.reason for receipt in receipts if receipt.verdict == "rejected")


@every_repeatable
def test_the_same_batch_twice_is_harmless(case: Case, world: World) -> None:
    destination = world.open(case)
    rows = [case.row() for _ in range(3)]
    settled(destination, rows, destination.upsert(rows))
    once = world.held()
    again = settled(destination, rows, destination.upsert(rows))
    assert {receipt.verdict for receipt in again} == {case.verdict}
    assert world.held() == once


@every_remote_repeatable
def test_an_answer_lost_after_its_effect_is_made_good_by_sending_again(
    case: Case, world: World
) -> None:
    destination = world.open(case)
    rows = [case.row() for _ in range(3)]
    before = world.held()
    for fault in ({"kind": "lost_ack"}, {"kind": "bad_json"}, {"kind": "drop"}):
        world.misbehave(case, fault)
        with pytest.raises(RetriableError):
            destination.upsert(rows)
    settled(destination, rows, destination.upsert(rows))
    after = world.held()
    assert after != before
    settled(destination, rows, destination.upsert(rows))
    assert world.held() == after


@every_unrepeatable
def test_what_cannot_be_repeated_is_in_doubt_after_a_lost_answer_and_stays_so(
    case: Case, world: World
) -> None:
    destination = world.open(case)
    faults: list[dict[str, object]] = [
        {"kind": "lost_ack"}, {"kind": "bad_json"}, {"kind": "drop"},
        {"kind": "status", "status": 503}, {"kind": "html", "status": 502},
    ]  # fmt: skip
    calls = len(world.writes())
    for fault in faults:
        world.misbehave(case, fault)
        receipts = destination.upsert([case.row()])
        assert [receipt.verdict for receipt in receipts] == ["ambiguous"]
    # Two of the five took effect, and none was sent again.
    assert len(world.writes()) == calls + 2


@every_staying
def test_what_cannot_be_taken_back_says_so_and_makes_no_call(case: Case, world: World) -> None:
    settings = world.settings[case.destination]
    destination = open_destination(
        case.destination, case.object, settings, transport=NoCalls()
    )
    receipts = destination.remove([case.row()])
    assert [(receipt.verdict, receipt.reason) for receipt in receipts] == [
        ("rejected", "not_removable")
    ]


@every_removing
def test_removing_an_unknown_key_is_accepted_and_creates_nobody(
    case: Case, world: World
) -> None:
    destination = world.open(case)
    somebody, *rows = [case.row() for _ in range(3)]
    settled(destination, [somebody], destination.upsert([somebody]))
    before = world.held()
    receipts = settled(destination, rows, destination.remove(rows))
    assert {receipt.verdict for receipt in receipts} == {"accepted"}
    assert world.held() == before


@every_membership
def test_who_was_added_to_an_object_and_removed_is_out(case: Case, world: World) -> None:
    destination = world.open(case)
    before = world.count(case)
    rows = [case.row() for _ in range(3)]
    receipts = settled(destination, rows, destination.upsert(rows))
    assert world.count(case) == before + 3
    leaving = [
        replace(row, vendor_id=receipt.vendor_id)
        for row, receipt in zip(rows, receipts, strict=True)
    ]
    settled(destination, leaving, destination.remove(leaving))
    assert world.count(case) == before


@every_destination
def test_who_was_taken_is_read_back_where_the_vendor_lists(case: Case, world: World) -> None:
    destination = world.open(case)
    if not isinstance(destination, ReadBack):
        assert case.name not in ("klaviyo:list", "klaviyo:suppression")
        return
    before = set(destination.read_back())
    rows = [case.row() for _ in range(3)]
    receipts = settled(destination, rows, destination.upsert(rows))
    assert set(destination.read_back()) - before == {receipt.vendor_id for receipt in receipts}


@every_destination
def test_who_is_out_is_told_where_the_vendor_keeps_a_record(case: Case, world: World) -> None:
    destination = world.open(case)
    if not isinstance(destination, OptOutReading):
        assert case.name not in ("klaviyo:suppression", "postscript:unsubscription")
        return
    row = case.row()
    if "phone_number" in row.payload:
        # Nobody but subscribers can be told of.
        row = replace(row, payload={"phone_number": SUBSCRIBERS[-1]})
    address = str(row.payload.get("email") or row.payload["phone_number"])
    assert address not in {one.address for one in destination.opted_out()}
    settled(destination, [row], destination.upsert([row]))
    assert address in {one.address for one in destination.opted_out()}
    assert destination.is_out(address)
    assert address not in repr(list(destination.opted_out()))


@every_remote
def test_a_wrong_secret_is_fatal(case: Case, world: World) -> None:
    destination = world.open(case, secret=wrong_secret())
    with pytest.raises(FatalError) as raised:
        destination.upsert([case.row()])
    assert f"TRIBUTARY_{case.destination.upper()}_SECRET" in raised.value.remedy
    assert case.wrong_secret in raised.value.what


@every_remote
def test_an_expired_token_is_fatal_and_changes_nothing(case: Case, world: World) -> None:
    destination = world.open(case)
    before = world.held()
    world.misbehave(case, {"kind": "expired_token"})
    with pytest.raises(FatalError):
        destination.upsert([case.row()])
    assert world.held() == before


@every_remote
def test_an_error_inside_a_200_is_no_success(case: Case, world: World) -> None:
    destination = world.open(case)
    before = world.held()
    world.misbehave(case, {"kind": "ok_with_error", "status": 500})
    with pytest.raises((FatalError, RetriableError)) as raised:
        destination.upsert([case.row()])
    assert raised.value.receipts == ()
    assert world.held() == before


@every_remote
def test_a_missing_secret_with_rows_is_fatal_and_names_the_variable(
    case: Case, world: World
) -> None:
    destination = world.open(case, secret=None)
    for call in (destination.upsert, destination.remove)[: 1 + case.removes]:
        with pytest.raises(FatalError) as raised:
            call([case.row()])
        assert f"TRIBUTARY_{case.destination.upper()}_SECRET" in raised.value.remedy


@every_known_name
def test_an_unknown_object_is_fatal(case: Case, world: World) -> None:
    unknown = replace(case, object=f"{case.object}_that_nobody_made")
    with pytest.raises(FatalError) as raised:
        world.open(unknown).upsert([case.row()])
    assert case.unknown in raised.value.what


@every_remote
def test_too_many_requests_is_retriable_with_the_vendors_floor(
    case: Case, world: World
) -> None:
    destination = world.open(case)
    world.misbehave(case, {"kind": "status", "status": 429, "retry_after": "17"})
    with pytest.raises(RetriableError) as raised:
        destination.upsert([case.row()])
    assert raised.value.retry_after_seconds == 17.0


@every_remote_repeatable
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_server_is_retriable(case: Case, status: int, world: World) -> None:
    destination = world.open(case)
    world.misbehave(
        case, {"kind": "status", "status": status}, {"kind": "html", "status": status}
    )
    for _ in range(2):
        with pytest.raises(RetriableError):
            destination.upsert([case.row()])


@every_remote
def test_a_redirect_is_not_followed(case: Case, world: World) -> None:
    world.misbehave(case, {"kind": "redirect"})
    with pytest.raises(FatalError):
        world.open(case).upsert([case.row()])


@every_remote
def test_rows_decided_before_a_failure_are_not_forgotten(case: Case, world: World) -> None:
    destination = world.open(case)
    row_count = min(2, destination.limits.rows_per_request)
    destination = in_small_requests(destination, row_count)
    rows = [case.row() for _ in range(4)]
    is_abreast = destination.limits.calls_side_by_side > 1
    answers: list[dict[str, object]] = [{"kind": "ok"}] * case.calls_per_row
    if is_abreast:
        # When the last of them fails, the others are under way for sure.
        answers = [{"kind": "slow", "seconds": 0.2}] * (len(rows) - 1)
    failure = {"kind": "status", "status": 503 if case.is_repeatable else 429}
    world.misbehave(case, *answers, failure, path=case.path)
    with pytest.raises(RetriableError) as raised:
        destination.upsert(rows)
    known = [receipt.key for receipt in raised.value.receipts]
    if is_abreast:
        # Whichever call failed, the others that were under way came back.
        assert len(set(known)) == len(rows) - 1
    else:
        assert known == [row.key for row in rows[:row_count]]


@every_destination
def test_no_row_value_and_no_secret_is_logged_or_raised(
    case: Case, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    destination = world.open(case)
    rows = [case.row() for _ in range(2)] + [case.bad_row()]
    receipts = settled(destination, rows, destination.upsert(rows))
    receipts += settled(destination, rows, destination.remove(rows))
    said = [caplog.text, repr(receipts), repr(destination)]
    faults: list[dict[str, object]] = [
        {"kind": "status", "status": 400, "code": rows[0].key},
        {"kind": "status", "status": 403},
        {"kind": "lost_ack"},
        {"kind": "bad_json"},
    ]
    for fault in faults if case.is_remote else []:
        world.behave()
        world.misbehave(case, fault)
        try:
            said.append(repr(destination.upsert(rows[:1])))
        except (FatalError, RetriableError) as error:
            said.append(f"{error!r} {error.what} {error.remedy} {error.__cause__!r}")
    said.append(caplog.text)
    secret = world.settings[case.destination].secret
    assert (secret is not None) == case.is_remote
    values = [str(value) for row in rows for value in row.payload.values() if value is not None]
    telling = [value for value in values if len(value) > 6 and not value.startswith("cus_")]
    assert telling
    assert bool(caplog.records) == case.is_remote
    for value in [*telling, *([secret.reveal()] if secret else [])]:
        assert not any(value in text for text in said)
    assert not any(row.key in caplog.text for row in rows)
