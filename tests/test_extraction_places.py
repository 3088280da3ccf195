"""A site that hides one picture in each place where pages can name one; the crawl finds all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from crawler.mentions import Mentions
from crawler.states import add_json
from tests.harness import FAST, Page, html, jpeg, optout, rows, serving


class Place(NamedTuple):
    """One hiding place: markup that names /i/NAME.jpg, and how the mention must come out."""

    name: str  # of the picture; also of its page
    body: str
    tag: str
    attribute: str
    caption: tuple[str, str] | None = None  # source, text
    alt: str | None = None
    head: str = ""
    furniture: bool = False


def lazy(attribute: str, tag: str = "img") -> Place:
    """A library's lazy attribute."""
    name = f"{tag}-{attribute}"
    return Place(name, f'<{tag} {attribute}="/i/{name}.jpg"></{tag}>', tag, attribute)


LAZY = [
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-lazyload",
    "data-lazysrc",
    "data-lazy-original",
    "data-echo",
    "data-image",
    "data-img",
    "data-imgsrc",
    "data-url",
    "data-full",
    "data-fullsrc",
    "data-full-url",
    "data-hires",
    "data-large",
    "data-large_image",
    "data-large-file",
    "data-medium-file",
    "data-orig-file",
    "data-zoom-image",
    "data-zoom-src",
    "data-src-retina",
    "data-src-small",
    "data-iesrc",
    "data-lowsrc",
    "data-envira-src",
    "data-flickity-lazyload",
    "data-flickity-lazyload-src",
    "data-thumb",
    "data-poster",
    "data-bg",
    "data-bg-hidpi",
    "data-background",
    "data-background-image",
    "fullurl",
    "data-srcset",
    "data-lazy-srcset",
    "data-flickity-lazyload-srcset",
    "data-bgset",
    "data-bg-set",
    "data-bg-multi",
    "data-background-image-set",
    "data-my-own-image-attribute",
    "data-highres",
    "data-lowres",
    "data-hi-res",
    "data-pin-media",
]
LD = {
    "@context": "https://schema.org",
    "@graph": [
        {
            "@type": "VisualArtwork",
            "name": "Fox of data",
            "image": "/i/ld-artwork.jpg",
            "thumbnailUrl": "/i/ld-thumbnail.jpg",
        },
        {"@type": "ImageObject", "contentUrl": "/i/ld-object.jpg", "caption": "Hare of data"},
        {
            "@type": "WebPage",
            "primaryImageOfPage": {"@type": "ImageObject", "url": "/i/ld-primary.jpg"},
        },
    ],
}
FLIGHT = '1:["$","img",null,{"src":"/i/next-flight.jpg","alt":"Flight"}]\n2:null\n'
NUXT2 = (
    "window.__NUXT__=(function(a){return {data:[{pic:a}]}}"
    '("http:\\u002F\\u002F127.0.0.1:PORT\\u002Fi\\u002Fnuxt2.jpg"));'
)
PLACES = [
    Place("img", '<img src="/i/img.jpg" alt="A fox">', "img", "src", alt="A fox"),
    Place("srcset", '<img srcset="/i/srcset.jpg 2x" alt="Set">', "img", "srcset", alt="Set"),
    Place(
        "picture",
        '<picture><source srcset="/i/picture.jpg 1x"><img alt="P"></picture>',
        "source",
        "srcset",
        alt="P",
    ),
    Place(
        "picture-lazy",
        '<picture><source data-srcset="/i/picture-lazy.jpg 1x"><img alt="L"></picture>',
        "source",
        "data-srcset",
        alt="L",
    ),
    *(lazy(attribute) for attribute in LAZY),
    *(lazy("data-src", tag) for tag in ("div", "a", "figure", "section", "li")),
    lazy("data-background-url", "div"),
    Place("noscript", '<noscript><img src="/i/noscript.jpg" alt="N"></noscript>', "img", "src"),
    Place("template", '<template><img src="/i/template.jpg"></template>', "img", "src"),
    Place(
        "inline",
        '<p role="img" aria-label="Inline" style="background: url(/i/inline.jpg)">x</p>',
        "p",
        "style",
        ("aria-label", "Inline"),
    ),
    Place(
        "image-set",
        "<p style=\"background-image:-webkit-image-set('/i/image-set.jpg' 1x)\">x</p>",
        "p",
        "style",
    ),
    Place("style", "", "style", "text", head="<style>b{background:url(/i/style.jpg)}</style>"),
    Place("sheet", "", "stylesheet", "url()", head='<link rel="stylesheet" href="/css/a.css">'),
    Place("import", "", "stylesheet", "url()", head="<style>@import '/css/b.css';</style>"),
    Place(
        "og",
        "",
        "meta",
        "og:image",
        ("og:image:alt", "A hare"),
        head='<meta property="og:image" content="/i/og.jpg">'
        '<meta property="og:image:alt" content="A hare">',
    ),
    Place(
        "twitter",
        "",
        "meta",
        "twitter:image",
        ("twitter:image:alt", "A wren"),
        head='<meta name="twitter:image" content="/i/twitter.jpg">'
        '<meta name="twitter:image:alt" content="A wren">',
    ),
    Place(
        "secure",
        "",
        "meta",
        "og:image:secure_url",
        head='<meta property="og:image:secure_url" content="/i/secure.jpg">',
    ),
    Place("meta-item", '<meta itemprop="image" content="/i/meta-item.jpg">', "meta", "image"),
    Place(
        "tile",
        "",
        "meta",
        "msapplication-tileimage",
        head='<meta name="msapplication-TileImage" content="/i/tile.jpg">',
        furniture=True,
    ),
    Place("thumb", "", "meta", "thumbnail", head='<meta name="thumbnail" content="/i/thumb.jpg">'),
    Place("image-src", "", "link", "href", head='<link rel="image_src" href="/i/image-src.jpg">'),
    Place(
        "preload",
        "",
        "link",
        "imagesrcset",
        head='<link rel="preload" as="image" imagesrcset="/i/preload.jpg 2x">',
    ),
    Place(
        "icon",
        "",
        "link",
        "href",
        head='<link rel="shortcut icon" href="/i/icon.jpg">',
        furniture=True,
    ),
    Place(
        "linked",
        '<a href="/i/linked.jpg" data-caption="Large fox">a fox</a>',
        "a",
        "href",
        ("data-caption", "Large fox"),
    ),
    Place(
        "ld-artwork",
        f'<script type="application/ld+json">{json.dumps(LD)}</script>',
        "json-ld",
        "image",
        ("JSON-LD name", "Fox of data"),
    ),
    Place("ld-object", "", "json-ld", "contentUrl", ("JSON-LD caption", "Hare of data")),
    Place("ld-thumbnail", "", "json-ld", "thumbnailUrl", ("JSON-LD name", "Fox of data")),
    Place("ld-primary", "", "json-ld", "url"),
    Place(
        "microdata",
        '<div itemscope itemtype="https://schema.org/ImageObject"><b itemprop="name">Micro</b>'
        '<img itemprop="contentUrl" src="/i/microdata.jpg"></div>',
        "img",
        "src",
        ("microdata name", "Micro"),
    ),
    Place(
        "microdata-link",
        '<div itemscope><link itemprop="thumbnailUrl" href="/i/microdata-link.jpg"></div>',
        "link",
        "href",
    ),
    Place(
        "poster",
        '<video poster="/i/poster.jpg" title="Film">',
        "video",
        "poster",
        ("title", "Film"),
    ),
    Place("svg", '<svg><image href="/i/svg.jpg"/></svg>', "image", "href"),
    Place("xlink", '<svg><image xlink:href="/i/xlink.jpg"/></svg>', "image", "xlink:href"),
    Place("use", '<svg><use href="/i/use.jpg#part"/></svg>', "use", "href", furniture=True),
    Place("input", '<input type="image" src="/i/input.jpg" alt="Go">', "input", "src", alt="Go"),
    Place("object", '<object type="image/jpeg" data="/i/object.jpg"></object>', "object", "data"),
    Place("embed", '<embed src="/i/embed.jpg">', "embed", "src"),
    Place("area", '<map><area href="/i/area.jpg" alt="Part"></map>', "area", "href", alt="Part"),
    Place("table", '<table background="/i/table.jpg"><tr><td>x</table>', "table", "background"),
    Place(
        "settings",
        """<div data-settings='{"background_image":{"url":"/i/settings.jpg"}}'></div>""",
        "div",
        "data-settings",
    ),
    Place(
        "next",
        '<script id="__NEXT_DATA__" type="application/json">'
        '{"props":{"works":[{"image":"/i/next.jpg","alt":"Next"}]}}</script>',
        "script",
        "__NEXT_DATA__",
        ("JSON alt", "Next"),
    ),
    Place(
        "next-flight",
        f"<script>self.__next_f.push([1,{json.dumps(FLIGHT[:20])}])</script>"
        f"<script>self.__next_f.push([1,{json.dumps(FLIGHT[20:])}])</script>",
        "script",
        "__next_f",
        ("JSON alt", "Flight"),
    ),
    Place("nuxt2", f"<script>{NUXT2}</script>", "script", "text"),
    Place(
        "nuxt3",
        '<script type="application/json" id="__NUXT_DATA__">["x","/i/nuxt3.jpg"]</script>',
        "script",
        "__NUXT_DATA__",
    ),
    Place(
        "nuxt-payload",
        '<script type="application/json" id="__NUXT_DATA__" data-src="/_payload.json"></script>',
        "json",
        "value",
    ),
    Place(
        "tumblr",
        '<script>window[\'___INITIAL_STATE___\'] = {"posts":[{"media":"/i/tumblr.jpg"}]};</script>',
        "script",
        "___INITIAL_STATE___",
    ),
    Place(
        "state",
        "<script>window.__STATE__ = JSON.parse("
        '"{\\"url\\":\\"/i/state.jpg\\",\\"caption\\":\\"Kept\\"}");</script>',
        "script",
        "__STATE__",
        ("JSON caption", "Kept"),
    ),
    Place(
        "shopify",
        '<script>Shopify.shop = "mira.example";</script>',
        "json",
        "value",
        ("JSON alt", "Sold"),
    ),
    Place(
        "wordpress",
        "",
        "json",
        "value",
        ("JSON alt_text", "Uploaded"),
        head='<link rel="https://api.w.org/" href="/wp-json/">',
    ),
    Place(
        "squarespace",
        "<script>Static.SQUARESPACE_CONTEXT = {};</script>",
        "json",
        "value",
        ("JSON title", "Squared"),
    ),
    Place("gatsby", '<script>window.pagePath="/gatsby";</script>', "json", "value"),
    Place("gatsby-query", "", "json", "value", ("JSON title", "Queried")),
    Place("sitemap", "", "sitemap", "image:loc", ("sitemap caption", "Mapped")),
    Place("feed-enclosure", "", "feed", "enclosure", ("feed title", "Item")),
    Place("feed-media", "", "feed", "media:content", ("feed description", "Medium")),
    Place("feed-thumb", "", "feed", "media:thumbnail", ("feed description", "Medium")),
    Place("feed-html", "", "feed img", "src", alt="Escaped"),
    Place("atom", "", "feed", "enclosure"),
    Place(
        "srcdoc",
        """<iframe srcdoc="<img src='/i/srcdoc.jpg' alt='Framed'>"></iframe>""",
        "srcdoc img",
        "src",
        alt="Framed",
    ),
    Place("frame", '<iframe src="/framed"></iframe>', "img", "src"),
    Place("header", "", "header", "Link"),
    Place(
        "labelled",
        '<b id="l1">Red</b> <b id="l2">fox</b><img src="/i/labelled.jpg" aria-labelledby="l1 l2">',
        "img",
        "src",
        ("aria-labelledby", "Red fox"),
    ),
    Place("aria", '<img src="/i/aria.jpg" aria-label="Owl">', "img", "src", ("aria-label", "Owl")),
    Place("title", '<img src="/i/title.jpg" title="Elk">', "img", "src", ("title", "Elk")),
    Place(
        "figure",
        '<figure><img src="/i/figure.jpg"><figcaption>Doe</figcaption></figure>',
        "img",
        "src",
        ("figcaption", "Doe"),
    ),
    Place(
        "in-link", '<a href="/x"><img src="/i/in-link.jpg"> Roe</a>', "img", "src", ("link", "Roe")
    ),
    Place(
        "in-titled",
        '<a href="/x" title="Boar"><img src="/i/in-titled.jpg"></a>',
        "img",
        "src",
        ("link title", "Boar"),
    ),
    Place(
        "heading", '<h2>Birds</h2><img src="/i/heading.jpg">', "img", "src", ("heading", "Birds")
    ),
    Place(
        "elementor",
        '<a href="/i/elementor.jpg" data-elementor-lightbox-title="Lit">x</a>',
        "a",
        "href",
        ("data-elementor-lightbox-title", "Lit"),
    ),
    Place(
        "astro",
        """<astro-island props='{"works":[1,[[0,{"src":[0,"/i/astro.jpg"],"alt":[0,"Isle"]}]]]}'>
        </astro-island>""",
        "astro-island",
        "props",
        ("JSON alt", "Isle"),
    ),
    Place(
        "vue",
        """<art-list :works='[{"src":"/i/vue.jpg","title":"Bound"}]'></art-list>""",
        "art-list",
        ":works",
        ("JSON title", "Bound"),
    ),
    Place(
        "svelte",
        '<script type="application/json" data-sveltekit-fetched data-url="/api">'
        + json.dumps({"status": 200, "body": '{"url":"/i/svelte.jpg","title":"Kit"}'})
        + "</script>",
        "script",
        "json",
        ("JSON title", "Kit"),
    ),
    Place("noframes", '<noframes><img src="/i/noframes.jpg"></noframes>', "noframes img", "src"),
    Place("old-image", '<image src="/i/old-image.jpg" alt="Old">', "image", "src", alt="Old"),
    Place("json-feed-image", "", "feed", "image", ("feed title", "Entry")),
    Place("json-feed-file", "", "feed", "attachment", ("feed title", "Enclosed")),
    Place("json-feed-html", "", "feed img", "src", alt="In an entry"),
    Place("pixel", '<img src="/i/pixel.jpg" width="1" height="1">', "img", "src", furniture=True),
]
FEED = """<?xml version="1.0"?><rss xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><item><title>Item</title>
<link>/p/feed-media</link><enclosure url="/i/feed-enclosure.jpg" type="image/jpeg" length="1"/>
<media:content url="/i/feed-media.jpg" medium="image"><media:description>Medium</media:description>
<media:thumbnail url="/i/feed-thumb.jpg"/></media:content>
<content:encoded><![CDATA[<p><img src="/i/feed-html.jpg" alt="Escaped"></p>]]></content:encoded>
</item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/p/atom"/>
<link rel="enclosure" type="image/jpeg" href="/i/atom.jpg"/></entry></feed>"""
MEDIA = {
    "source_url": "/i/wordpress.jpg",
    "alt_text": "Uploaded",
    "media_details": {
        "file": "2025/11/w.jpg",
        "sizes": {"medium": {"file": "w-300.jpg", "source_url": "/i/wordpress-300.jpg"}},
    },
}
JSON_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "items": [
        {
            "id": "1",
            "url": "/p/json-feed-image",
            "title": "Entry",
            "image": "/i/json-feed-image.jpg",
            "content_html": '<p><img src="/i/json-feed-html.jpg" alt="In an entry"></p>',
            "attachments": [
                {
                    "url": "/i/json-feed-file.jpg",
                    "mime_type": "image/jpeg",
                    "title": "Enclosed",
                },
                {"url": "/i/song.mp3", "mime_type": "audio/mpeg"},
            ],
        }
    ],
}
FILES: dict[str, tuple[str, str]] = {
    "/css/a.css": ("text/css", "a{background:url(../i/sheet.jpg)} @font-face{src:url(f.svg)}"),
    "/css/b.css": ("text/css", '@import url("c/d.css");'),
    "/css/c/d.css": ("text/css", "/* url(no.jpg) */ b{background:url('../../i/import.jpg')}"),
    "/feed.xml": ("application/rss+xml", FEED),
    "/atom.xml": ("application/atom+xml", ATOM),
    "/feed.json": ("application/feed+json", json.dumps(JSON_FEED)),
    "/_payload.json": ("application/json", '{"a":["/i/nuxt-payload.jpg"]}'),
    "/products.json?limit=250": (
        "application/json",
        '{"products":[{"title":"Print","images":[{"src":"/i/shopify.jpg","alt":"Sold"}]}]}',
    ),
    "/wp-json/wp/v2/media?media_type=image&per_page=100": ("application/json", json.dumps([MEDIA])),
    "/p/squarespace?format=json": (
        "application/json",
        '{"items":[{"title":"Squared","assetUrl":"/i/squarespace.jpg"}]}',
    ),
    "/p/page-data/gatsby/page-data.json": (
        "application/json",
        '{"result":{"pic":"/i/gatsby.jpg"},"staticQueryHashes":["123"]}',
    ),
    "/p/page-data/sq/d/123.json": (
        "application/json",
        '{"data":{"title":"Queried","images":{"fallback":{"src":"/i/gatsby-query.jpg"}}}}',
    ),
}
ASKED: list[str] = []


def site(path: str, handler: BaseHTTPRequestHandler) -> Page:
    ASKED.append(path)
    port = str(handler.server.server_port)  # type: ignore[attr-defined]
    if path in FILES:
        kind, text = FILES[path]
        return 200, [("Content-Type", kind)], text.encode()
    if path == "/":
        feeds = (
            '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
            '<link rel="alternate" type="application/atom+xml" href="/atom.xml">'
            '<link rel="alternate" type="application/feed+json" href="/feed.json">'
        )
        return html("".join(f'<a href="/p/{p.name}">-</a>' for p in PLACES), feeds)
    if path == "/sitemap.xml":
        body = (
            '<urlset xmlns:image="x"><url><loc>/p/sitemap</loc><image:image>'
            "<image:loc>/i/sitemap.jpg</image:loc><image:caption>Mapped</image:caption>"
            "</image:image></url></urlset>"
        )
        return 200, [("Content-Type", "application/xml")], body.encode()
    if path == "/framed":
        return html('<img src="/i/frame.jpg">')
    if path.startswith("/p/"):
        (place,) = [p for p in PLACES if f"/p/{p.name}" == path]
        status, lines, page = html(place.body.replace("PORT", port), place.head)
        if place.name == "header":
            lines = [*lines, ("Link", "</i/header.jpg>; rel=preload; as=image")]
        return status, lines, page
    if path.startswith("/i/") and path.endswith(".jpg"):
        return 200, [("Content-Type", "image/jpeg")], jpeg(sum(path.encode()))
    return 404, [("Content-Type", "text/plain")], b""


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    work = tmp_path_factory.mktemp("places")
    with serving(site) as url:
        done = optout("crawl", url + "/", "--case", "case", "--render", "never", *FAST, cwd=work)
        assert done.returncode == 0, done.stderr
        yield url, work / "case"


@pytest.fixture(scope="module")
def mentions(crawled: tuple[str, Path]) -> dict[str, list[dict[str, Any]]]:
    """Name of the picture → its mentions."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows(crawled[1], "image_refs"):
        name = (row["image_url"] or "").rpartition("/i/")[2].removesuffix(".jpg")
        found.setdefault(name, []).append(row)
    return found


def test_every_place_has_its_own_picture() -> None:
    assert len({place.name for place in PLACES}) == len(PLACES)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_place(place: Place, mentions: dict[str, list[dict[str, Any]]]) -> None:
    found = [
        row
        for row in mentions.get(place.name, [])
        if (row["tag"], row["attribute"].partition(" of ")[0]) == (place.tag, place.attribute)
    ]
    assert found, mentions.get(place.name)
    row = found[0]
    assert row["alt"] == place.alt or place.name == "noscript"
    assert row["furniture"] == place.furniture
    if place.caption:
        assert place.caption in [(c["source"], c["text"]) for c in row["captions"]]
    assert row["in_laion_shape"] is False  # all are written relative


def test_nothing_else_was_listed(mentions: dict[str, list[dict[str, Any]]]) -> None:
    assert set(mentions) - {place.name for place in PLACES} == {"wordpress-300"}


def test_all_found_pictures_were_asked_for(crawled: tuple[str, Path]) -> None:
    asked = {row["image_url"] for row in rows(crawled[1], "images") if row["status"] == 200}
    assert {f"{crawled[0]}/i/{place.name}.jpg" for place in PLACES} <= asked


def test_each_file_is_asked_for_once(crawled: tuple[str, Path]) -> None:
    files = [path for path in ASKED if not path.startswith(("/i/", "/p/"))]
    assert len(files) == len(set(files))


def test_files_say_where_a_mention_stands(
    mentions: dict[str, list[dict[str, Any]]], crawled: Any
) -> None:
    (row,) = mentions["import"]
    assert row["attribute"] == f"url() of {crawled[0]}/css/c/d.css"
    assert row["page_url"] == f"{crawled[0]}/p/import"
    assert mentions["feed-html"][0]["page_url"] == f"{crawled[0]}/p/feed-media"
    assert mentions["json-feed-html"][0]["page_url"] == f"{crawled[0]}/p/json-feed-image"
    assert mentions["sitemap"][0]["page_url"] == f"{crawled[0]}/p/sitemap"


def test_sizes_of_one_upload_share_a_group(mentions: dict[str, list[dict[str, Any]]]) -> None:
    groups = {row["image_group"] for n in ("wordpress", "wordpress-300") for row in mentions[n]}
    assert len(groups) == 1
    assert mentions["feed-media"][0]["image_group"] == mentions["feed-thumb"][0]["image_group"]
    assert mentions["feed-enclosure"][0]["image_group"] != mentions["feed-thumb"][0]["image_group"]


def test_refreshes_lead_on(tmp_path: Path) -> None:
    """By header and by meta, within the site only."""

    def refreshing(path: str, handler: BaseHTTPRequestHandler) -> Page:
        if path == "/":
            status, lines, body = html("on")
            return status, [*lines, ("Refresh", "0;url=/by-meta")], body
        if path == "/by-meta":
            meta = '<meta http-equiv="refresh" content="1; url=\'/work\'">'
            away = '<meta http-equiv="refresh" content="0;url=https://other.example/">'
            return html("on", meta + away)
        return html("<img src='/work'>") if path == "/work" else (404, [], b"")

    with serving(refreshing) as base:
        done = optout("crawl", base, "--case", "c", "--render", "never", *FAST, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = {
        row["url"].removeprefix(base): row["found_on"] for row in rows(tmp_path / "c", "pages")
    }
    assert set(found) == {"/", "/by-meta", "/work"}
    assert found["/work"] == f"{base}/by-meta"
    assert rows(tmp_path / "c", "images") == [], "a page is no image of itself"


def test_paths_of_a_workshop_are_no_addresses() -> None:
    """Gatsby keeps its settings among its data: paths of the sources from which it built."""
    data = '{"image": "src/images/a.jpg", "pic": "/static/a.jpg"}'
    for file, expected in (("/page-data/sq/d/1.json", 1), ("/works.json", 2)):
        found = Mentions("https://a.example/", "https://a.example/", file=file)
        add_json(found, data, "value", "json")
        assert len(found.rows) == expected
