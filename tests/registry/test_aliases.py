import pytest

from onion_pipeline.errors import RegistryError, StoreOutageError
from onion_pipeline.registry.aliases import (
    LONGEST_TAG,
    promote_version,
    read_aliases,
    settle_alias,
)
from onion_pipeline.registry.champion_rules import Decision
from onion_pipeline.tracking.mlflow_client import import_client

pytestmark = pytest.mark.slow  # an MLflow store for each test

NAME = "onions"
COMPARISON = {"metric": "accuracy", "difference": 0.0213333, "p_value": 0.000402, "images": 750}
FIRST = Decision("champion", "first", "the first")


def be_better_than(champion):
    reason = f"better than version {champion}"
    return Decision("champion", "better", reason, champion_before=champion, comparison=COMPARISON)


def lose_to(champion):
    return Decision("challenger", "worse", f"worse than version {champion}", "auto", champion)


@pytest.fixture
def client(mlflow_store):
    client = import_client()
    client.create_registered_model(NAME)
    return client


@pytest.fixture
def settle(client):
    """A function that makes a version, without files, and gives it its alias."""

    def settle(decision, number=None):
        number = number or str(client.create_model_version(NAME, "file:///nowhere").version)
        return settle_alias(client, NAME, number, decision)

    return settle


def get_tags(client, version):
    return dict(client.get_model_version(NAME, version).tags)


def test_the_history_of_promotions_can_be_read_in_the_tags(client, settle):
    for decision in (FIRST, lose_to("1"), be_better_than("1"), be_better_than("3")):
        assert settle(decision) == decision
    assert read_aliases(client, NAME) == {"champion": "4", "challenger": "2"}
    keys = ("gate.decision", "gate.champion_before", "gate.replaced_by")
    assert [[get_tags(client, n).get(key) for key in keys] for n in "1234"] == [
        ["champion", None, "3"],
        ["challenger", "1", None],
        ["champion", "1", "4"],
        ["champion", "3", None],
    ]


def test_versions_can_be_searched_by_their_tags(client, settle):
    for decision in (FIRST, lose_to("1"), be_better_than("1")):
        settle(decision)
    found = client.search_model_versions("tags.`gate.decision` = 'champion'")
    assert sorted(str(each.version) for each in found) == ["1", "3"]


def test_the_tags_of_a_decision_are_short(client, settle):
    settle(FIRST)
    settle(be_better_than("1"))
    tags = get_tags(client, "2")
    assert tags.pop("gate.decided_at")[:2] == "20"
    assert tags == {
        "gate.decision": "champion",
        "gate.rule": "better",
        "gate.reason": "better than version 1",
        "gate.champion_before": "1",
        "gate.metric": "accuracy",
        "gate.difference": "0.02133",
        "gate.p_value": "0.000402",
    }
    settle(lose_to("2")._replace(reason="x" * 9999))
    assert len(get_tags(client, "3")["gate.reason"]) == LONGEST_TAG


def test_a_challenger_that_is_promoted_is_the_challenger_no_longer(client, settle):
    settle(FIRST)
    settle(lose_to("1"))
    assert read_aliases(client, NAME) == {"champion": "1", "challenger": "2"}
    settle(be_better_than("1"), number="2")
    assert read_aliases(client, NAME) == {"champion": "2"}


def test_a_decision_about_another_champion_does_not_hold(client, settle):
    settle(FIRST)
    settle(be_better_than("1"))
    late = settle(be_better_than("1"))
    assert (late.decision, late.rule) == ("challenger", "overtaken")
    assert late.reason.startswith(
        "version 2 is champion now; this model was compared with version 1. Let it be compared "
        "anew: kedro run --pipelines register"
    )
    assert read_aliases(client, NAME) == {"champion": "2", "challenger": "3"}
    assert get_tags(client, "3")["gate.rule"] == "overtaken"
    assert "gate.replaced_by" not in get_tags(client, "2")


@pytest.mark.parametrize("is_first", [True, False])
def test_neither_does_one_where_a_champion_has_come_or_gone(client, settle, is_first):
    if is_first:
        settle(FIRST)
    late = settle(FIRST if is_first else be_better_than("1"))
    assert (late.decision, late.rule) == ("challenger", "overtaken")
    assert "none" in late.reason


def test_what_a_person_asks_for_holds_in_any_case(client, settle):
    settle(FIRST)
    settle(be_better_than("1")._replace(asked="champion", rule="forced"))
    settle(FIRST._replace(asked="champion", rule="forced"))
    assert read_aliases(client, NAME) == {"champion": "3"}
    assert get_tags(client, "3")["gate.champion_before"] == "2"


@pytest.mark.parametrize("decision", [lose_to("1"), Decision("champion", "same_model", "again")])
def test_the_champion_keeps_its_alias_and_the_story_of_how_it_got_it(client, settle, decision):
    settle(FIRST)
    before = get_tags(client, "1")
    assert settle(decision, number="1").decision == "champion"
    assert read_aliases(client, NAME) == {"champion": "1"}
    assert get_tags(client, "1") == before


def test_a_former_champion_keeps_its_story_too(client, settle):
    for decision in (FIRST, be_better_than("1"), be_better_than("2")):
        settle(decision)
    before = get_tags(client, "2")
    settle(lose_to("3"), number="2")
    assert get_tags(client, "2") == before
    assert read_aliases(client, NAME) == {"champion": "3", "challenger": "2"}


def test_a_new_decision_leaves_no_figures_of_the_old_one(client, settle):
    settle(FIRST)
    settle(lose_to("1")._replace(comparison=COMPARISON))
    assert "gate.p_value" in get_tags(client, "2")
    settle(lose_to("1"), number="2")
    assert {"gate.p_value", "gate.difference", "gate.metric"} & set(get_tags(client, "2")) == set()


@pytest.fixture
def third(client, settle):
    """A model whose third version is champion."""
    for decision in (FIRST, be_better_than("1"), be_better_than("2")):
        settle(decision)
    return client


def test_the_title_goes_back_and_forth(third):
    for number, before in (("2", "3"), ("3", "2")):
        assert promote_version(NAME, "previous") == (
            f"Version {number} of onions is champion now, in place of version {before}; to go "
            "back: kedro run --pipelines promote"
        )
        assert read_aliases(third, NAME) == {"champion": number}
        tags, former = get_tags(third, number), get_tags(third, before)
        assert (tags["gate.champion_before"], former["gate.replaced_by"]) == (before, number)
        assert "gate.replaced_by" not in tags
        assert tags["gate.by_hand"].startswith("champion, ")
        assert tags["gate.decision"] == "champion"


def test_any_version_can_be_promoted_by_its_number(third, settle):
    settle(lose_to("3"))
    promote_version(NAME, 4)
    assert read_aliases(third, NAME) == {"champion": "4"}
    assert get_tags(third, "4")["gate.decision"] == "challenger"  # what the gate has said
    promote_version(NAME, 1)
    assert read_aliases(third, NAME) == {"champion": "1"}
    assert get_tags(third, "1")["gate.champion_before"] == "4"


def test_promoting_the_champion_changes_nothing(third):
    before = get_tags(third, "3")
    assert promote_version(NAME, 3) == "Version 3 of onions is the champion already."
    assert get_tags(third, "3") == before


def test_a_version_that_is_not_there_is_named_with_those_that_are(third):
    with pytest.raises(RegistryError, match=r"onions has no version 9.* there are: 1, 2, 3"):
        promote_version(NAME, 9)
    third.delete_model_version(NAME, "2")
    with pytest.raises(RegistryError, match=r"onions has no version 2.* there are: 1, 3"):
        promote_version(NAME, "previous")


def test_without_an_earlier_champion_there_is_no_way_back(settle, client):
    with pytest.raises(RegistryError, match=r"no champion before none.* there are: none"):
        promote_version(NAME, "previous")
    settle(FIRST)
    with pytest.raises(RegistryError, match=r"no champion before version 1.*promote.version"):
        promote_version(NAME, "previous")
    with pytest.raises(RegistryError, match="leeks has no version 1"):
        promote_version("leeks", 1)


def test_without_mlflow_nothing_is_promoted(fake_mlflow):
    fake_mlflow("refuses")
    with pytest.raises(StoreOutageError, match=r"No version is promoted: .* Run this again"):
        promote_version(NAME, "previous")


def test_who_is_the_first_champion_is_told_without_a_way_back(settle):
    settle(lose_to("1"))
    assert promote_version(NAME, 1) == "Version 1 of onions is champion now."
