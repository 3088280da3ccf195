"""Images → works: what joins them, and what they are called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from optout.works import Picture, join


def _by_url(*pictures: Picture) -> dict[str, tuple[str, str | None, str]]:
    return {work.image_url: (work.work_id, work.title, work.joined_by) for work in join(pictures)}


def test_same_file_same_group_same_key_and_alone() -> None:
    works = _by_url(
        Picture("https://m.example/a.jpg", sha256=("11",)),
        Picture("https://cdn.example/other-name.jpg", sha256=("11",)),
        Picture("https://m.example/b.jpg", groups=("p-1",)),
        Picture("https://m.example/b-from-elsewhere.jpg", groups=("p-1",)),
        Picture("https://m.example/c.jpg"),
        Picture("http://www.m.example/c-300x200.jpg"),
        Picture("https://m.example/d.jpg"),
    )
    ids = {url: work[0] for url, work in works.items()}
    assert ids["https://m.example/a.jpg"] == ids["https://cdn.example/other-name.jpg"]
    assert ids["https://m.example/b.jpg"] == ids["https://m.example/b-from-elsewhere.jpg"]
    assert ids["https://m.example/c.jpg"] == ids["http://www.m.example/c-300x200.jpg"]
    assert len(set(ids.values())) == 4
    assert [works[url][2] for url in sorted(works)] == [
        "key", "file", "file", "group", "group", "key", "alone",
    ]  # fmt: skip


def test_ties_hang_together_across_kinds() -> None:
    works = _by_url(
        Picture("https://m.example/1.jpg", groups=("g",), sha256=("s",)),
        Picture("https://m.example/2.jpg", groups=("g",)),
        Picture("https://n.example/3.jpg", sha256=("s",)),
    )
    assert len({work[0] for work in works.values()}) == 1


def test_title_is_the_text_that_says_something_else_the_file_name() -> None:
    works = _by_url(
        Picture("https://m.example/a.jpg", ("g",), alts=("Untitled", "Red fox in the snow")),
        Picture("https://m.example/b.jpg", ("g",), alts=("Untitled",)),
        Picture("https://m.example/Blue%20heron.jpg?w=3"),
        Picture("https://m.example/x.jpg", alts=("  ",)),
    )
    assert works["https://m.example/b.jpg"][1] == "Red fox in the snow"
    assert works["https://m.example/Blue%20heron.jpg?w=3"][1] == "Blue heron.jpg"
    assert works["https://m.example/x.jpg"][1] == "x.jpg"


_PICTURES = st.lists(
    st.builds(
        Picture,
        st.sampled_from([f"https://m.example/{n}.jpg" for n in range(12)]),
        st.lists(st.sampled_from("abcd"), max_size=2).map(tuple),
        st.lists(st.sampled_from("wxyz"), max_size=2).map(tuple),
    ),
    unique_by=lambda picture: picture.image_url,
)


@given(_PICTURES, st.randoms())
def test_order_does_not_matter_and_each_image_has_one_work(pictures, random) -> None:
    before = join(pictures)
    random.shuffle(pictures)
    assert join(pictures) == before
    assert [work.image_url for work in before] == sorted(p.image_url for p in pictures)


@given(_PICTURES)
def test_pictures_share_a_work_exactly_when_a_chain_of_ties_joins_them(pictures) -> None:
    works = {work.image_url: work.work_id for work in join(pictures)}
    parts = [{picture.image_url} for picture in pictures]
    ties = {p.image_url: {*p.groups, *p.sha256} for p in pictures}
    for a in pictures:
        for b in pictures:
            if ties[a.image_url] & ties[b.image_url]:
                first = next(part for part in parts if a.image_url in part)
                second = next(part for part in parts if b.image_url in part)
                if first is not second:
                    parts.remove(second)
                    first |= second
    assert {frozenset(part) for part in parts} == {
        frozenset(url for url in works if works[url] == work_id) for work_id in works.values()
    }
