import pytest

from onion_pipeline.images.sources.listing import Listing, describe_links


@pytest.fixture
def listing() -> Listing[int]:
    return Listing()


def list_names(listing: Listing[int], *names: str) -> dict[str, str]:
    """List `names`, and return the reason for each that is refused."""
    for number, name in enumerate(names):
        path = listing.admit_name(name)
        if path is not None:
            listing.add(path, number)
    return {refusal.path: refusal.reason for refusal in listing.find_refused()}


def test_members_are_sorted_by_path(listing):
    assert list_names(listing, "b/2", "a/1", "b/1") == {}
    assert list(listing.find_members().items()) == [("a/1", 1), ("b/1", 2), ("b/2", 0)]


@pytest.mark.parametrize("second", ["a/b", "a//b", "a/./b", "./a/b"])
def test_a_path_that_comes_twice_is_refused(listing, second):
    assert list_names(listing, "a/b", second, "c") == {"a/b": "listed_twice"}
    assert list(listing.find_members()) == ["c"]


def test_a_path_that_comes_thrice_is_refused_once(listing):
    assert list_names(listing, "a", "a", "a") == {"a": "listed_twice"}


def test_a_file_and_a_refused_one_of_its_name_are_both_refused(listing):
    listing.add("a", 1)
    listing.refuse("a", "link", "a link to b")
    assert [refusal.reason for refusal in listing.find_refused()] == ["listed_twice"]
    assert listing.find_members() == {}


def test_the_first_reason_of_a_refused_path_stays(listing):
    listing.refuse("a", "link", "a link to b")
    listing.refuse("a", "encrypted", "")
    listing.add("a", 1)
    assert [refusal.reason for refusal in listing.find_refused()] == ["link"]


def test_unsafe_names_are_refused_as_they_stand(listing):
    assert list_names(listing, "../a", "/b", "c") == {"../a": "unsafe_path", "/b": "unsafe_path"}


def test_unsafe_litter_is_refused(listing):
    assert list_names(listing, "__MACOSX/../../a") == {"__MACOSX/../../a": "unsafe_path"}


def test_archives_are_refused(listing):
    assert list_names(listing, "a.zip", "b/c.TAR") == {
        "a.zip": "nested_archive",
        "b/c.TAR": "nested_archive",
    }


@pytest.mark.parametrize("name", [".DS_Store", "a/Thumbs.db", "__MACOSX/a/1", ".git/a/1"])
def test_litter_is_passed_over(listing, name):
    assert list_names(listing, name) == {}
    assert listing.find_members() == {}


def test_only_what_is_wanted_is_kept():
    listing: Listing[int] = Listing({"a", "a/1", ".b"}.__contains__)
    assert list_names(listing, "a/1", "a/2", ".b", "c/1") == {}
    assert list(listing.find_members()) == [".b", "a/1"]


def test_links_in_an_archive_that_may_be_folders_are_told():
    listing = Listing()
    for number in range(7):
        listing.refuse_link(f"c{number}", "a link in an archive")
    listing.refuse_link("cat/1.jpg", "a link in an archive")
    assert len(listing.find_refused()) == 8
    said = describe_links(listing.links, "a.zip")
    assert said.startswith("Links in a.zip are not followed: c0, c1, c2, c3, c4 and 2 more.")
    assert "tar -h" in said
    assert describe_links([], "a.zip") is None
