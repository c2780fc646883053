"""News feeds in Atom (RFC 4287).

Written with the standard library: the well-known package for it, feedgen, is not published as a
wheel, and a feed is a few elements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree

NAMESPACE = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml"
_XML = "http://www.w3.org/XML/1998/namespace"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One piece of news.

    Attributes:
        id: a URI that stays the same for ever.
        link: where to see more.
    """

    id: str
    title: str
    summary: str
    updated: datetime
    link: str


def feed_of(
    title: str, entries: Sequence[FeedEntry], *, address: str, home: str, language: str
) -> bytes:
    """Write a feed.

    Args:
        entries: the newest first.
        address: of the feed itself, which is its id as well.
        home: of the pages.
    """
    ElementTree.register_namespace("", NAMESPACE)
    feed = ElementTree.Element(_name("feed"), {f"{{{_XML}}}lang": language})
    newest = max((entry.updated for entry in entries), default=datetime(1970, 1, 1, tzinfo=UTC))
    _add(feed, "id", address)
    _add(feed, "title", title)
    _add(feed, "updated", _time(newest))
    _add(feed, "link", rel="self", type=MEDIA_TYPE, href=address)
    _add(feed, "link", rel="alternate", type="text/html", href=home)
    _add(_add(feed, "author"), "name", "Saman")
    for each in entries:
        entry = _add(feed, "entry")
        _add(entry, "id", each.id)
        _add(entry, "title", each.title)
        _add(entry, "updated", _time(each.updated))
        _add(entry, "link", rel="alternate", type="text/html", href=each.link)
        _add(entry, "summary", each.summary)
    content: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content


def _name(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(
    parent: ElementTree.Element, name: str, text: str | None = None, **attributes: str
) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, _name(name), attributes)
    element.text = text
    return element


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
