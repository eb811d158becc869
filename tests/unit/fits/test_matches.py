"""What the matcher says of hand-made persons; scores themselves are Splink's."""

from __future__ import annotations

import random
import sys

import pandas as pd
import pytest

from orchestration.fits import FitError, fit_matches
from orchestration.fits.matches import FACTS, PAIR
from tests.unit.fits.people import crowd, record, traits

HOME = {"street": "12 orchard lane", "city": "velton", "zip": "40404"}
ADA = {"first_name": "ada", "last_name": "quill", **HOME}
CASES = [
    record("typo|1", **ADA, email="adaquill@mail.test", phone="+16505550001"),
    record("typo|2", **ADA, email="adaquil@mail.test", phone="+16505550001"),
    record("father|1", first_name="otto", last_name="brandt", street="7 mill row", city="harton",
           zip="50505", email="otto@a.test"),
    record("father|2", first_name="otto", last_name="brandt", street="7 mill row", city="harton",
           zip="50505", email="ob@b.test"),
    record("junior|1", first_name="emil", last_name="stark", street="3 high row", city="norton",
           zip="60606", phone="+16505550002", birth_date="1951-02-03", email="emil@a.test"),
    record("junior|2", first_name="emil", last_name="stark", street="3 high row", city="norton",
           zip="60606", phone="+16505550002", birth_date="1983-11-27", email="es@b.test"),
    record("twin|1", first_name="vera", last_name="lind", street="5 elm row", city="easton",
           zip="70707", phone="+16505550003", birth_date="1991-08-30", email="vera@a.test"),
    record("twin|2", first_name="hugo", last_name="lind", street="5 elm row", city="easton",
           zip="70707", phone="+16505550003", birth_date="1991-08-30", email="hugo@b.test"),
    record("digit|1", first_name="nora", last_name="falk", street="9 oak row", city="weston",
           zip="80808", birth_date="1990-04-12", email="nora@a.test"),
    record("digit|2", first_name="nora", last_name="falk", street="9 oak row", city="weston",
           zip="80808", birth_date="1990-04-21", email="nf@b.test"),
    *(record(f"equal|{n}", first_name="ivo", last_name="zeman", street="1 fir row",
             city="sutton", zip="90909") for n in (3, 1, 4, 2)),
]  # fmt: skip


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    return fit_matches(traits([*crowd(), *CASES])).pairs


def pair(pairs: pd.DataFrame, name: str) -> pd.Series:
    found = pairs[pairs["left_node_key"] == f"{name}|1"]
    found = found[found["right_node_key"] == f"{name}|2"]
    assert len(found) == 1
    return found.iloc[0]


def test_a_mistyped_address_with_the_same_phone_agrees(pairs: pd.DataFrame) -> None:
    found = pair(pairs, "typo")
    assert found["match_probability"] >= 0.99
    assert found["has_birth_date_or_phone_agreement"]
    assert not found["has_first_name_conflict"]
    assert found["evidence"] == (
        "first name same; last name same; street same; place same; e-mail slip; phone same"
    )


def test_father_and_son_score_high_and_do_not_agree(pairs: pd.DataFrame) -> None:
    found = pair(pairs, "father")
    assert found["match_probability"] >= 0.90
    assert not found["has_birth_date_or_phone_agreement"]


def test_a_shared_phone_says_nothing_where_birth_dates_differ(pairs: pd.DataFrame) -> None:
    assert not pair(pairs, "junior")["has_birth_date_or_phone_agreement"]


def test_twins_share_all_but_the_first_name_and_are_two(pairs: pd.DataFrame) -> None:
    found = pair(pairs, "twin")
    assert found["match_probability"] >= 0.90
    assert found["has_first_name_conflict"]


def test_a_slip_in_the_birth_date_still_agrees(pairs: pd.DataFrame) -> None:
    found = pair(pairs, "digit")
    assert found["has_birth_date_or_phone_agreement"]
    assert "birth date slip" in found["evidence"]


def test_records_of_equal_traits_meet_their_first_and_share_one_score(pairs: pd.DataFrame) -> None:
    equal = pairs[pairs["left_node_key"].str.startswith("equal|")]
    assert list(zip(equal["left_node_key"], equal["right_node_key"], strict=True)) == [
        ("equal|1", "equal|2"), ("equal|1", "equal|3"), ("equal|1", "equal|4"),
    ]  # fmt: skip
    assert equal["match_probability"].nunique() == 1
    assert not equal["has_birth_date_or_phone_agreement"].any()


def test_what_an_email_ties_is_left_to_its_rule(pairs: pd.DataFrame) -> None:
    assert not pairs["evidence"].str.contains("e-mail same").any()
    others = [f"shop|account|{number:04}" for number in range(0, 300, 3)]
    shop = pairs.loc[pairs["left_node_key"].str.startswith("shop|"), "left_node_key"]
    assert list(shop) == others


def test_equal_records_in_any_order_give_equal_pairs(pairs: pd.DataFrame) -> None:
    records = [*crowd(), *CASES]
    random.Random(2).shuffle(records)
    again = fit_matches(traits(records))
    pd.testing.assert_frame_equal(again.pairs, pairs)
    assert again.input_digest == traits([*crowd(), *CASES]).digest
    assert again.input_digest != traits(records[1:]).digest


def test_keys_are_ordered_once_and_evidence_holds_no_value(pairs: pd.DataFrame) -> None:
    assert (pairs["left_node_key"] < pairs["right_node_key"]).all()
    assert not pairs.duplicated(PAIR).any()
    words = set(" ".join(pairs["evidence"]).replace(";", "").split())
    assert words <= {
        "first", "last", "name", "street", "place", "e-mail", "phone", "birth", "date", "same",
        "near", "slip", "distant", "different", "swapped", "city",
    }  # fmt: skip


def test_too_few_records_teach_nothing() -> None:
    fit = fit_matches(traits(CASES[:4]))
    assert fit.pairs.empty
    assert list(fit.pairs.columns) == [*PAIR, *FACTS]
    assert fit.record_count == 4


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(FitError, match="Splink") as caught:
        fit_matches(traits(CASES))
    assert "[probabilistic]" in caught.value.remedy
