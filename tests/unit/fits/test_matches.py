"""What the matcher says of hand-made persons; scores themselves are Splink's."""

from __future__ import annotations

import random
import sys

import pandas as pd
import pytest

from orchestration.fits import FitError, fit_matches
from orchestration.fits.matches import FACTS, PAIR
from tests.unit.fits.people import couples, crowd, record, traits

LINK, REVIEW = 0.99, 0.5
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
    record("couple|1", first_name="ella", last_name="voss", street="6 ash row", city="dalton",
           zip="11414", phone="+16505550004", email="e.voss@a.test"),
    record("couple|2", first_name="carl", last_name="voss", street="6 ash row", city="dalton",
           zip="11414", phone="+16505550004", email="c.voss@a.test"),
    record("alike|1", first_name="emma", last_name="tolk", street="8 yew row", city="milton",
           zip="12515", birth_date="1994-05-06", email="emma@a.test"),
    record("alike|2", first_name="mia", last_name="tolk", street="8 yew row", city="milton",
           zip="12515", birth_date="1994-05-06", email="mia@b.test"),
    record("swapped|1", first_name="tilda", last_name="ranke", street="2 bay row", city="carton",
           zip="13616", birth_date="1988-02-29"),
    record("swapped|2", first_name="rankke", last_name="tilda", street="2 bay row", city="carton",
           zip="13616", birth_date="1988-02-29"),
    record("family|1", first_name="tolk", last_name="jonas", street="8 yew row", city="milton",
           zip="12515"),
    record("family|2", first_name="clara", last_name="tolk", street="8 yew row", city="milton",
           zip="12515"),
    record("short|1", first_name="robert", last_name="hale", street="4 sea row", city="barton",
           zip="14717", birth_date="1979-10-05"),
    record("short|2", first_name="bob", last_name="hale", street="4 sea row", city="barton",
           zip="14717", birth_date="1979-10-05"),
    record("initial|1", first_name="k", last_name="dorn", street="4 fen row", city="hilton",
           zip="15818", birth_date="1969-10-05"),
    record("initial|2", first_name="kerstin", last_name="dorn", street="4 fen row", city="hilton",
           zip="15818", birth_date="1969-10-05"),
    record("crossed|1", first_name="paula", last_name="renn", street="3 dale row", city="walton",
           zip="16919", birth_date="1984-03-11"),
    record("crossed|2", first_name="paula", last_name="renn", street="3 dale row", city="walton",
           zip="16919", birth_date="1984-11-03"),
    record("nameless|1", first_name="ruth", last_name="ader", street="5 moor row", city="selton",
           zip="18111", birth_date="1971-12-24"),
    record("nameless|2", last_name="ader", street="5 moor row", city="selton", zip="18111",
           birth_date="1971-12-24"),
    record("digit|1", first_name="nora", last_name="falk", street="9 oak row", city="weston",
           zip="80808", birth_date="1990-04-12", email="nora@a.test"),
    record("digit|2", first_name="nora", last_name="falk", street="9 oak row", city="weston",
           zip="80808", birth_date="1990-04-21", email="nf@b.test"),
    *(record(f"equal|{n}", first_name="ivo", last_name="zeman", street="1 fir row",
             city="sutton", zip="90909") for n in (3, 1, 4, 2)),
]  # fmt: skip


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    return fit_matches(traits([*crowd(), *couples(), *CASES])).pairs


def pair(pairs: pd.DataFrame, name: str) -> pd.Series:
    found = pairs[pairs["left_node_key"] == f"{name}|1"]
    found = found[found["right_node_key"] == f"{name}|2"]
    assert len(found) == 1
    return found.iloc[0]


def test_a_mistyped_address_with_the_same_phone_agrees(pairs: pd.DataFrame) -> None:
    found = pair(pairs, "typo")
    assert found["match_probability"] >= LINK
    assert found["person_probability"] >= LINK
    assert found["evidence"] == (
        "first name same; last name same; street same; place same; e-mail slip; phone same"
    )


@pytest.mark.parametrize("name", ["digit", "crossed", "swapped", "short", "initial", "nameless"])
def test_a_slip_is_no_other_person(pairs: pd.DataFrame, name: str) -> None:
    found = pair(pairs, name)
    assert found["match_probability"] >= LINK
    assert found["person_probability"] >= LINK


@pytest.mark.parametrize("name", ["father", "junior", "twin", "alike"])
def test_relatives_score_high_and_wait_for_a_person(pairs: pd.DataFrame, name: str) -> None:
    found = pair(pairs, name)
    assert found["match_probability"] >= 0.90
    assert found["person_probability"] < LINK


def test_where_homes_show_no_families_name_and_address_tie_but_no_differing_trait_does() -> None:
    kept = [case for case in CASES if str(case["node_key"]).startswith(("father|", "junior|"))]
    alone = [record("alone|1", **ADA), record("alone|2", **ADA, phone="+16505550009")]
    lonely = fit_matches(traits([*crowd(), *kept, *alone])).pairs
    assert pair(lonely, "alone")["person_probability"] >= LINK
    assert pair(lonely, "father")["person_probability"] < LINK
    assert pair(lonely, "junior")["person_probability"] < LINK


@pytest.mark.parametrize("name", ["couple", "family"])
def test_a_household_is_nobodys_question(pairs: pd.DataFrame, name: str) -> None:
    found = pairs[
        (pairs["left_node_key"] == f"{name}|1") & (pairs["right_node_key"] == f"{name}|2")
    ]
    assert (found["person_probability"] < REVIEW).all()


def test_evidence_tells_how_close_two_values_are(pairs: pd.DataFrame) -> None:
    assert "birth date slip" in pair(pairs, "digit")["evidence"]
    assert "birth date slip" in pair(pairs, "crossed")["evidence"]
    assert pair(pairs, "swapped")["evidence"].startswith("first name swapped")
    assert pair(pairs, "short")["evidence"].startswith("first name near")
    assert pair(pairs, "initial")["evidence"].startswith("first name near")


def test_records_of_equal_traits_meet_their_first_and_share_one_score(pairs: pd.DataFrame) -> None:
    equal = pairs[pairs["left_node_key"].str.startswith("equal|")]
    assert list(zip(equal["left_node_key"], equal["right_node_key"], strict=True)) == [
        ("equal|1", "equal|2"), ("equal|1", "equal|3"), ("equal|1", "equal|4"),
    ]  # fmt: skip
    assert equal["match_probability"].nunique() == 1
    assert equal["person_probability"].between(REVIEW, LINK, inclusive="left").all()


def test_what_an_email_ties_is_left_to_its_rule(pairs: pd.DataFrame) -> None:
    assert not pairs["evidence"].str.contains("e-mail same").any()
    others = [f"shop|account|{number:04}" for number in range(0, 300, 3)]
    shop = pairs.loc[pairs["left_node_key"].str.startswith("shop|"), "left_node_key"]
    assert list(shop) == others


def test_equal_records_in_any_order_give_equal_pairs(pairs: pd.DataFrame) -> None:
    records = [*crowd(), *couples(), *CASES]
    random.Random(2).shuffle(records)
    again = fit_matches(traits(records))
    pd.testing.assert_frame_equal(again.pairs, pairs)
    assert again.input_digest == traits([*crowd(), *couples(), *CASES]).digest
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
