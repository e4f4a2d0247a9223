"""A page's values stand in the order in which its template's places are numbered."""

from pageloom.sheet import Item, Sheet, context
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


def test_a_line_of_a_related_page_takes_no_place():
    sheet = Sheet(
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
        related=(Item((b"a", b"/a/"), line=b"line of a"), Item((b"b", b"/b/"))),
        sources=(),
    )

    page = context(sheet.shape())
    values = sheet.values()

    link = page["related"][1]
    assert [places(link["title"]), places(link["href"])] == [["\ue00011\ue001"], ["\ue00012\ue001"]]
    assert values[11:13] == [b"b", b"/b/"]
