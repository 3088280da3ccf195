"""For every check of `optout lint` something with the trap, and something close without it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from optout.lint.seen import Alts, Answer, File, Packet, PageMeta, Picture, Seen
from optout.readers.subject import Hop
from tests.image_files import PLUS, VOCABULARY, data_mining, packet

WHEN = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
SITE = "https://mira.example"
CDN = "https://cdn.mira.example"
PAGE = f"{SITE}/"
FOX = f"{SITE}/art/red-fox.jpg"
OWL = f"{CDN}/grey-owl.jpg"


def robots(text: str | bytes, url: str = SITE, status: int | None = 200, **more: object) -> Seen:
    body = text.encode() if isinstance(text, str) else text
    return file("robots.txt", body, f"{url}/robots.txt", status, **more)


def file(
    kind: str,
    body: str | bytes,
    url: str = "",
    status: int | None = 200,
    **more: object,
) -> Seen:
    text = body.encode() if isinstance(body, str) else body
    url = url or f"{SITE}/{kind}"
    origin = "/".join(url.split("/")[:3])
    return Seen(files=(File(origin, kind, url, status, text, **more),))  # type: ignore[arg-type]


def image(*lines: str, url: str = FOX, name: str = "X-Robots-Tag") -> Seen:
    headers = tuple((name, line) for line in lines)
    return Seen(answers=(Answer("image", url, (Hop(url, 200, headers),), WHEN),))


def page(*lines: str, name: str = "X-Robots-Tag") -> Seen:
    headers = tuple((name, line) for line in lines)
    return Seen(answers=(Answer("page", PAGE, (Hop(PAGE, 200, headers),), WHEN),))


def meta(name: str, content: str, raw: str | None = None, in_head: bool = True) -> Seen:
    raw = f'<meta name="{name}" content="{content}">' if raw is None else raw
    return Seen(metas=(PageMeta(PAGE, 0, name, content, raw, in_head, WHEN),))


def redirected(first: str, last: str) -> Seen:
    hops = (
        Hop(FOX, 302, (("X-Robots-Tag", first),)),
        Hop(OWL, 200, (("X-Robots-Tag", last),) if last else ()),
    )
    return Seen(answers=(Answer("image", FOX, hops),))


def xmp(code: str, *images: str, own: bool = False) -> Seen:
    return Seen(packets=(Packet("xmp", data_mining(code), images or (FOX,), own),))


def raw_xmp(description: str, namespaces: str = f'xmlns:plus="{PLUS}"') -> Seen:
    return Seen(packets=(Packet("xmp", packet(description, namespaces), (FOX,)),))


def both(*parts: Seen) -> Seen:
    """Several of these together."""
    names = ("files", "answers", "metas", "pictures", "packets", "pages")
    joined = {name: sum((getattr(part, name) for part in parts), ()) for name in names}
    alts = next((part.alts for part in parts if part.alts != Alts()), Alts())
    return Seen(**joined, alts=alts)


def shown(url: str, *lines: str) -> Seen:
    """A picture of the page, its answer with these header lines."""
    return both(image(*lines, url=url), Seen(pictures=(Picture(url, (PAGE,)),)))


LICENCE = (
    '<rsl xmlns="https://rslstandard.org/rsl"><content{url}><license>'
    '<prohibits type="usage">{word}</prohibits></license></content></rsl>'
)


def licence(url: str = ' url="/"', word: str = "ai-train") -> Seen:
    return file("rsl", LICENCE.format(url=url, word=word), f"{SITE}/license.xml", found_on=PAGE)


def tdm(text: str) -> Seen:
    return file("tdmrep.json", text, f"{SITE}/.well-known/tdmrep.json")


def kept(tmp: Path, body: bytes) -> Seen:
    """A picture with a manifest whose bytes the scan stored."""
    path = tmp / "kept"
    path.write_bytes(body)
    return Seen(pictures=(Picture(FOX, (PAGE,), path),), packets=(Packet("c2pa", None, (FOX,)),))


HTML = "<!DOCTYPE html><html><body>Not found</body></html>"
GROUP = "User-agent: {}\nDisallow: /\n"
NO_TRAINING = "User-agent: CCBot\nUser-agent: GPTBot\nDisallow: /\n"

# check id → (has the trap, is close to it and has not)
EXAMPLES: dict[str, tuple[Seen, Seen]] = {
    "R01": (
        robots("User-agent: *\nContent-Signal: ai-train=no\nUser-agent: GPTBot\nDisallow: /"),
        robots("User-agent: *\n# for all\n\nUser-agent: GPTBot\nDisallow: /\nSitemap: /s\n"),
    ),
    "R02": (
        robots("User-agent: *\nContent-Usage: train-ai=n\nAllow: /\nUser-agent: GPTBot\nAllow: /"),
        robots("User-agent: *\nContent-Usage: train-ai=n\nAllow: /\n" + GROUP.format("GPTBot")),
    ),
    "R03": (
        robots("User-agent: GPTBot\nDisallow: /\n\nUser-agent: GPTBot\nAllow: /\n"),
        robots("User-agent: GPTBot\nDisallow: /\n\nUser-agent: GPTBot\nAllow: /press/\n"),
    ),
    "R04": (robots(GROUP.format("img2dataset")), robots(GROUP.format("GPTBot/1.0"))),
    "R05": (robots(GROUP.format("Claude-Bot")), robots(GROUP.format("SemrushBot-BA"))),
    "R06": (robots("Disallow: /\nUser-agent: *\nAllow: /"), robots("User-agent: *\nDisallow: /a")),
    "R07": (
        robots("Content-Signal: ai-train=no\nUser-agent: *\nAllow: /"),
        robots("User-agent: *\nContent-Signal: ai-train=no\nAllow: /"),
    ),
    "R08": (
        robots(GROUP.format("Applebot")),
        robots("User-agent: Applebot\nUser-agent: Applebot-Extended\nDisallow: /"),
    ),
    "R09": (
        robots("User-agent: GPTBot, CCBot\nDisallow: /"),
        robots("User-agent: Kangaroo Bot\nUser-agent: GPTBot/1.0\nDisallow: /"),
    ),
    "R20": (robots("User-agent: *\nDisalow: /"), robots("User-agent: *\nNoindex: /\nDisallow:")),
    "R21": (robots("User-agent: *\nDisallow: art/"), robots("User-agent: *\nDisallow: */art/")),
    "R22": (
        robots("User-agent: *\nDisallowAITraining: /\nAllow: /"),
        robots("User-agent: *\nDisallow: /x"),
    ),
    "R23": (robots("Prohibits: ai-train"), robots("Host: mira.example\nSitemap: /s.xml")),
    "R24": (
        robots("User-agent: *\nCrawl-delay: 3600\nAllow: /"),
        robots("User-agent: *\nCrawl-delay: 10\nAllow: /"),
    ),
    "R25": (
        robots("User-agent: *\nContent-Usage: /a/ train-ai=n\nDisallow: /a/"),
        robots("User-agent: *\nContent-Usage: /a/ train-ai=n\nDisallow: /b/"),
    ),
    "R30": (robots("", status=503), robots("", status=404)),
    "R31": (
        robots("", final_url="https://other.example/robots.txt"),
        robots("", final_url="http://www.mira.example/robots.txt"),
    ),
    "R32": (robots(HTML), robots("# <html>\n" + NO_TRAINING)),
    "R33": (robots("#" * 513_000), robots("#" * 512_000)),
    "R34": (robots("\ufeff" + NO_TRAINING), robots("\ufeff# ours\n" + NO_TRAINING)),
    "R35": (robots(NO_TRAINING.encode("utf-16")), robots(NO_TRAINING.encode("utf-8-sig"))),
    "R36": (
        robots("User-agent: *\nDisallow: /zeichnungen-für/".encode("latin-1")),
        robots("# für\nUser-agent: *\nDisallow: /a".encode("latin-1")),
    ),
    "R37": (
        both(robots(NO_TRAINING), robots("", "https://www.mira.example", 404)),
        both(robots(NO_TRAINING), robots("# ours\n" + NO_TRAINING, "http://www.mira.example")),
    ),
    "R38": (robots("", status=429), robots("", status=403)),
    "R39": (robots("", status=403), robots("", status=404)),
    "R40": (
        both(page(), robots(GROUP.format("*"))),
        both(page(), robots(NO_TRAINING + "User-agent: OAI-SearchBot\nDisallow: /")),
    ),
    "R41": (
        both(page(), robots(GROUP.format("OAI-SearchBot"))),
        both(page(), robots(NO_TRAINING)),
    ),
    "R42": (
        both(page("noindex"), robots(GROUP.format("*"))),
        both(page("noindex"), robots(NO_TRAINING)),
    ),
    "A01": (
        image("Train-AI=n", name="Content-Usage"),
        image("train-ai=n", name="Content-Usage"),
    ),
    "A02": (
        robots("User-agent: *\nContent-Usage: /a train-ai = n\nAllow: /"),
        robots("User-agent: *\nContent-Usage: /a train-ai=n, search=y\nAllow: /"),
    ),
    "A03": (
        image("train-ai=n search=y", name="Content-Usage"),
        image("train-ai=n", "search=y", name="Content-Usage"),
    ),
    "A04": (
        image("train-genai=n", name="Content-Usage"),
        image("train-genai=n, train-ai=n", name="Content-Usage"),
    ),
    "A05": (image("train-ai=no", name="Content-Usage"), image("no=no", name="Content-Usage")),
    "A06": (
        image("train-ai=n", "train-ai=y", name="Content-Usage"),
        image("train-ai=n;x=1, x=y", name="Content-Usage"),
    ),
    "C01": (
        robots("User-agent: *\nContent-Signals: ai-train=no\nAllow: /"),
        robots("User-agent: *\nContent-signal: ai-train=no\nAllow: /"),
    ),
    "C02": (
        robots("User-agent: *\nContent-Signal: /art/ ai-train=no\nAllow: /"),
        robots("User-agent: *\nContent-Signal: ai-train=no\nAllow: /art/"),
    ),
    "C03": (
        robots("# You agree to the following content signals:\nUser-agent: *\nAllow: /"),
        robots("# content signals:\nUser-agent: *\nContent-Signal: ai-train=no\nAllow: /"),
    ),
    "C04": (
        robots("User-agent: *\nContent-Signal: ai-training=no\nAllow: /"),
        robots("User-agent: *\nContent-Signal: ai-train=no, use=reference\nAllow: /"),
    ),
    "H01": (image("googlebot: noindex, noai"), image("googlebot: nofollow", "noai")),
    "H02": (image("max-snippet: 20, noai"), image("max-snippet: 20", "noai")),
    "H03": (image("NoAI"), image("noai")),
    "H04": (image("noimageindex"), image("noimageai")),
    "H05": (image("noai;noimageai"), image("noai, noimageai")),
    "H06": (page("noarchive, nocache"), page("noarchive")),
    "H07": (image("img2dataset: noai"), image("img2dataset: noai", "noai")),
    "H08": (image("noai", name="Robots-Tag"), image("noai")),
    "H09": (redirected("noai", ""), redirected("noai", "noai")),
    "H10": (image("noml"), image("noml, noai")),
    "H11": (page("USD 1", name="crawler-price"), page("noai")),
    "H12": (page("ai-train=no", name="Content-Signal"), page("train-ai=n", name="Content-Usage")),
    "H13": (
        image("noai, unavailable_after: Wed, 03 Dec 2025 13:09:53 GMT"),
        image("unavailable_after: 21 Nov 2026 10:16 GMT"),
    ),
    "H14": (image("unavailable_after: next year"), image("unavailable_after: 2026-01-01")),
    "M01": (meta("robots", "noai", in_head=False), meta("robots", "noai")),
    "M02": (
        meta("robots", "noai", '<meta property="robots" content="noai">'),
        meta("robots", "noai, noimageai"),
    ),
    "M03": (meta("robots", "noindex"), meta("robots", "noimageai")),
    "M04": (meta("CCBot", "nofollow"), meta("googlebot", "nofollow")),
    "M05": (meta("content-usage", "train-ai=n"), meta("tdm-reservation", "1")),
    "M06": (
        meta("googlebot", "unavailable_after: 2025-12-03"),
        meta("robots", "unavailable_after: 2027-01-01"),
    ),
    "M07": (meta("robots", "unavailable_after:"), meta("robots", "unavailable_after: 2026-01-01")),
    "T01": (
        tdm('[{"location":"/","tdm-reservation":0},{"location":"/art/","tdm-reservation":1}]'),
        tdm('[{"location":"/art/","tdm-reservation":1},{"location":"/","tdm-reservation":0}]'),
    ),
    "T02": (
        tdm('[{"location": "/", "tdm-reservation": "1"}]'),
        tdm('[{"location": "/", "tdm-reservation": 1}]'),
    ),
    "T03": (tdm('{"location": "/", "tdm-reservation": 1}'), tdm("[]")),
    "T04": (
        tdm('[{"tdm-reservation": 1}]'),
        tdm('[{"location": "*", "tdm-reservation": 1}]'),
    ),
    "T05": (
        image("yes", name="tdm-reservation"),
        image("1", name="tdm-reservation"),
    ),
    "T06": (
        image("https://mira.example/policy", name="tdm-policy"),
        both(
            image("https://mira.example/policy", name="tdm-policy"),
            tdm('[{"location": "/", "tdm-reservation": 1}]'),
        ),
    ),
    "T07": (
        both(image("0", name="tdm-reservation"), tdm('[{"location": "/", "tdm-reservation": 1}]')),
        both(image("1", name="tdm-reservation"), tdm('[{"location": "/", "tdm-reservation": 0}]')),
    ),
    "X01": (file("ai.txt", HTML), file("ai.txt", HTML, status=404)),
    "X02": (file("ai.txt", "# Mira\n\nWe paint."), file("ai.txt", "User-Agent: *\nDisallow: /")),
    "X03": (
        file("ai.txt", "User-Agent: *\nDisallow: .jpg"),
        file("ai.txt", "User-Agent: *\nDisallow: *.jpg"),
    ),
    "X04": (
        both(file("ai.txt", "User-Agent: *\nDisallow: *.j"), shown(FOX)),
        both(file("ai.txt", "User-Agent: *\nDisallow: *.jpg"), shown(FOX)),
    ),
    "X05": (
        file("trust.txt", "datatrainingallowed=never"),
        file("trust.txt", "datatrainingallowed=no"),
    ),
    "X06": (
        file("rsl", "", f"{SITE}/license.xml", 404, found_on=f"{SITE}/robots.txt"),
        licence(),
    ),
    "X07": (file("rsl", "not XML", f"{SITE}/license.xml", found_on=PAGE), licence()),
    "X08": (robots("License: /license.xml"), robots(f"License: {SITE}/license.xml")),
    "X09": (licence(word="train-ai"), licence(word="ai-train search")),
    "X10": (licence(url=""), licence()),
    "X11": (Seen(pages=(f"{SITE}/llms.txt",)), Seen(pages=(f"{SITE}/humans.txt",))),
    "F01": (
        both(
            xmp("DMI-PROHIBITED", "file:originals/red-fox.jpg", own=True),
            Seen(packets=(Packet("none", None, (FOX,)),)),
        ),
        both(
            xmp("DMI-PROHIBITED", "file:originals/red-fox.jpg", own=True),
            xmp("DMI-PROHIBITED-AIMLTRAINING", FOX),
        ),
    ),
    "F02": (xmp("DMI-UNSPECIFIED"), xmp("DMI-PROHIBITED-AIMLTRAINING")),
    "F03": (xmp("DMI-PROHIBITED"), xmp("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING")),
    "F04": (xmp("DMI-PROHIBITED-SEECONSTRAINT"), xmp("DMI-PROHIBITED-AIMLTRAINING")),
    "F05": (
        raw_xmp('<rdf:Description t:reservation="1"/>', 'xmlns:t="http://www.w3.org/ns/tdmrep/"'),
        xmp("DMI-PROHIBITED-AIMLTRAINING"),
    ),
    "F06": (
        Seen(packets=(Packet("xmp", b"<x:xmpmeta", (FOX,)),)),
        xmp("DMI-PROHIBITED-AIMLTRAINING"),
    ),
    "F08": (
        raw_xmp(
            f'<rdf:Description plus:DataMining="{VOCABULARY}DMI-ALLOWED"/>'
            f'<rdf:Description plus:DataMining="{VOCABULARY}DMI-PROHIBITED"/>'
        ),
        xmp("DMI-ALLOWED"),
    ),
    "S01": (
        both(meta("robots", "noai"), page("noai"), shown(FOX)),
        both(meta("robots", "noai"), page("noai"), shown(FOX, "noai")),
    ),
    "S02": (
        both(page(), shown(FOX, "noai"), shown(OWL)),
        both(page(), shown(FOX, "noai"), shown(OWL, "noai")),
    ),
    "S03": (page(), page("noai")),
    "S04": (
        both(page(), robots(NO_TRAINING), shown(OWL, "noai"), robots("", CDN, 404)),
        both(page(), robots(NO_TRAINING), shown(OWL, "noai"), robots(NO_TRAINING, CDN)),
    ),
    "S05": (Seen(alts=Alts(40, 30, PAGE)), Seen(alts=Alts(40, 10, PAGE))),
    "S06": (
        both(robots(NO_TRAINING), file("trust.txt", "datatrainingallowed=yes")),
        both(robots(NO_TRAINING), file("trust.txt", "datatrainingallowed=no")),
    ),
}
