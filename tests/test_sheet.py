"""A page's values stand in the order in which its template's places are numbered."""

from typing import Any

from pageloom.sheet import Sheet, context
from pageloom.views import Opaque


def places(value: object) -> list[str]:
    """Return the places of a template's context in the order of their numbers."""
    if isinstance(value, Opaque):
        return [value.__html__()]
    if isinstance(value, dict):
        return [place for child in value.values() for place in places(child)]
    if isinstance(value, list):
        return [place for child in value for place in places(child)]
    return []


def a_sheet(**given: Any) -> Sheet:
    return Sheet(
        template="page.html",
        family="page",
        robots="",
        og_type="website",
        title=b"t",
        title_fits=True,
        description=b"d",
        description_fits=True,
        canonical=b"c",
        h1=b"h",
        og_image=b"",
        jsonld=b"{}",
        crumbs=(b"home", b"/", b"here", b""),
        sections=(),
        sources=(),
        **given,
    )


def test_a_related_page_takes_two_places():
    sheet = a_sheet(related=((b"a", b"/a/"), (b"b", b"/b/")))

    page = context(sheet.shape())
    values = sheet.values()

    link = page["related"][1]
    assert [places(link["title"]), places(link["href"])] == [["\ue00011\ue001"], ["\ue00012\ue001"]]
    assert values[11:13] == [b"b", b"/b/"]


def test_a_time_to_read_has_its_own_place_after_the_dates():
    sheet = a_sheet(related=(), published=b"May 1", reading_time=b"3 minutes")

    page = context(sheet.shape())

    assert page["modified"] == ""
    assert places(page["published"]) == ["\ue0009\ue001"]
    assert places(page["reading_time"]) == ["\ue00010\ue001"]
    assert sheet.values()[9:] == [b"May 1", b"3 minutes"]
