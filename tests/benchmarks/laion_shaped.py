"""A number of rows → Parquet files shaped like a published edition, with invented artists in them.

python tests/benchmarks/laion_shaped.py ROWS OUT [--files N] [--seed S] [--edition NAME]
                                        [--artists N] [--images M] [--first-images K]

OUT gets `rows/part-….parquet`, with the columns, types and file names of the edition; and, of the
artists, `artists.parquet` (one row each: name, sites, images with alternative text and hash) and
`truth.parquet` (one line per planted row: artist, image, how it ties, file, row).
Hosts, forms of addresses, lengths, escapes, sizes of texts and damage are as in 10,000 real rows
of the pipeline behind LAION-400M; every name and text is put together from invented words.
The same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Random = np.random.Generator

_CHUNK = 250_000  # rows made at a time
# Spark closes a row group at 128 MiB; of such rows that is so many.
ROW_GROUP = 600_000

# --------------------------------------------------------------------------------- distributions
# Form of an address → its path. {name} words of a file name, {w} a word, {dN} digits, {hN} hex,
# {aN} letters and digits, {y} a year, {m} a month, {x} a size, {host} another host.
FORMS = {
    "shopify": "/s/files/1/{d4}/{d4}/products/{name}_{px}.jpg?v={d10}",
    "pinimg": "/{px}/{h2}/{h2}/{h2}/{h32}.jpg",
    "photon": "/{host}/wp-content/uploads/{y}/{m}/{name}.jpg?resize={d3}%2C{d3}",
    "stock": "/z/{name}-{d8}.jpg",
    "print": "/{name}-r{h32}_{a5}_8byvr_324.jpg?rlvnet=1",
    "amazon": "/images/I/{a10}._SL{d3}_.jpg",
    "youtube": "/vi/{a11}/hqdefault.jpg",
    "ebay": "/images/g/{a15}/s-l300.jpg",
    "bing": "/th?id=OIP.{a22}HaE8&pid=15.1",
    "blogspot": "/-{a11}/{a11}/AAAAAAAA{a3}/{a11}/s1600/{name}.jpg",
    "flickr": "/{d4}/{d11}_{h10}_z.jpg",
    "squarespace": "/content/v1/{h24}/{d13}-{a20}/{name}.jpg?format=500w",
    "wix": "/media/{h6}_{h32}~mv2.jpg/v1/fill/w_{d3},h_{d3}/{name}.jpg",
    "etsy": "/{d8}/r/il/{h6}/{d10}/il_340x270.{d10}_{a4}.jpg",
    "gallery": "/images-medium-5/{name}-{w}-{w}.jpg",
    "wordpress": "/{w}/wp-content/uploads/{y}/{m}/{name}.jpg",
    "plain": "/images/{w}/{w}/{w}/{name}.jpg",
    "shop": "/media/catalog/product/cache/1/image/{d3}x/{h32}/{a1}/{a1}/{name}.jpg",
    "camera": "/photos/{w}-{w}/{y}/{w}/IMG_{d4}.JPG",
    "digits": "/{w}/{w}/{w}/{d4}/{d6}.jpg?v={d10}",
    "hash": "/uploads/{w}/{h2}/{h32}.png",
    "uuid": "/assets/{h8}-{h4}-4{h3}-a{h3}-{h12}.jpg",
    "script": "/image.php?id={d5}&amp;file={name}.jpg",
    "encoded": "/files/{w}%20{w}%20{w}%20{d2}.jpg",
    "umlaut": "/bilder/{w}-f%C3%BCr-{w}_{d3}.jpg",
    "raw": "/bilder/{w} für {w}.jpg",
    "deep": "/{w}/{w}/{w}/{w}/{y}/{name}.jpeg",
}
# Hosts that stand at the head, with rows in ten thousand and the form of their addresses.
HEADS = (
    ("cdn.shopify.com", 641, "shopify"), ("i.pinimg.com", 194, "pinimg"),
    ("thumbs.dreamstime.com", 196, "stock"), ("rlv.zcache.com", 130, "print"),
    ("rlv.zcache.co.uk", 89, "print"), ("ecx.images-amazon.com", 100, "amazon"),
    ("images-na.ssl-images-amazon.com", 84, "amazon"), ("m.media-amazon.com", 28, "amazon"),
    ("i.ytimg.com", 88, "youtube"), ("i0.wp.com", 69, "photon"), ("i1.wp.com", 75, "photon"),
    ("i2.wp.com", 71, "photon"), ("st.depositphotos.com", 75, "stock"),
    ("images.fineartamerica.com", 73, "gallery"), ("i.ebayimg.com", 62, "ebay"),
    ("photos.smugmug.com", 60, "camera"), ("s3.amazonaws.com", 60, "deep"),
    ("media-cdn.tripadvisor.com", 58, "digits"), ("i1.cpcache.com", 48, "digits"),
    ("us.123rf.com", 47, "stock"), ("t1.ftcdn.net", 42, "digits"),
    ("upload.wikimedia.org", 42, "encoded"), ("tse2.mm.bing.net", 85, "bing"),
    ("images.squarespace-cdn.com", 30, "squarespace"), ("static.wixstatic.com", 25, "wix"),
    ("img0.etsystatic.com", 39, "etsy"), ("ae01.alicdn.com", 56, "hash"),
    ("ak1.ostkcdn.com", 33, "camera"), ("farm9.staticflickr.com", 30, "flickr"),
    ("{d1}.bp.blogspot.com", 89, "blogspot"), ("i.dailymail.co.uk", 30, "deep"),
    ("images.slideplayer.com", 32, "deep"), ("media.gettyimages.com", 20, "stock"),
)  # fmt: skip
# All other rows: hosts of many people, few rows each.
TAIL = (
    ("wordpress", 26), ("plain", 22), ("shop", 8), ("camera", 3), ("digits", 12), ("hash", 6),
    ("uuid", 2), ("script", 2.5), ("encoded", 5), ("umlaut", 1), ("raw", 0.05), ("deep", 12.45),
)  # fmt: skip
TAIL_HOSTS = 400_000
_ENDS = (".com",) * 12 + (".org", ".net", ".co.uk", ".de", ".com.au", ".ca", ".fr", ".info")

EDITIONS = {
    "laion2B-en": ("5114fd87-297e-42b0-9d11-50f1df323dfa", "plain"),
    "laion2B-en-joined": ("4cfd6e30-f032-46ee-9105-8696034a8373", "joined"),
    "relaion2B-en-research-safe": ("339dc23d-0869-4dc0-9390-b4036fcc80c2", "relaion"),
}


# --------------------------------------------------------------------------------------- artists
@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of an invented artist."""

    url: str
    alt: str
    md5: str


@dataclass(frozen=True, slots=True)
class Artist:
    """An invented artist: what a case of theirs would hold."""

    artist: str
    name: str
    hosts: tuple[str, ...]
    pictures: tuple[Picture, ...]


def artists(number: int, images: int, first: int, seed: int = 1) -> list[Artist]:
    """`number` artists with `images` pictures each; the first has three hosts and `first`."""
    rng = np.random.default_rng([seed, 7])
    words = _words(seed)
    return [_artist(rng, words, i, first if i == 0 else images) for i in range(number)]


def _artist(rng: Random, words: Sequence[str], number: int, images: int) -> Artist:
    given, family = (str(words[i]).capitalize() for i in rng.integers(200, len(words), 2))
    name = f"{given} {family}ø" if number % 9 == 4 else f"{given} {family}berg"
    site = f"{given}{family}{number}.example".lower()
    hosts = (site, f"img.{site}", f"{given}-art{number}.example".lower())[: 3 if not number else 1]
    pictures = (_picture(rng, words, hosts, number, i) for i in range(images))
    return Artist(f"artist-{number:05d}", name, hosts, tuple(pictures))


def _picture(
    rng: Random, words: Sequence[str], hosts: Sequence[str], artist: int, number: int
) -> Picture:
    a, b, c, d = (str(words[i]) for i in rng.integers(0, len(words), 4))
    digest = hashlib.md5(f"{artist} {number}".encode(), usedforsecurity=False).hexdigest()
    kind = number % 10
    if kind == 7:
        url = (
            f"https://i.pinimg.com/originals/{digest[:2]}/{digest[2:4]}/{digest[4:6]}/{digest}.jpg"
        )
    elif kind == 8:
        shop = f"{1000 + artist % 9000:04d}/{artist:04d}"
        url = f"https://cdn.shopify.com/s/files/1/{shop}/products/{a}-{b}-{number}.jpg?v=1571438560"
    else:
        url = f"https://{hosts[number % len(hosts)]}/art/{a}-{b}-{artist:05d}n{number:04d}.jpg"
    return Picture(url, f"{a.capitalize()} and {b} {c} {d}, gouache {number}", digest)


# How a row may tie to a picture → its (address, text, hash).
_Row = tuple[str | None, str | None, str | None]
_TIES: dict[str, Callable[[Artist, Picture, int], _Row]] = {
    "exact": lambda a, p, n: (p.url, "a picture", None),
    "lossless": lambda a, p, n: (p.url.replace("https://", "http://"), "a picture", None),
    "size": lambda a, p, n: (f"{p.url}{'&' if '?' in p.url else '?'}w=300", "a picture", None),
    "proxy": lambda a, p, n: (f"https://i0.wp.com/{p.url[8:]}", "a picture", None),
    "host": lambda a, p, n: (f"http://{a.hosts[0]}/unseen/{n}.jpg", "a picture", None),
    "stem": lambda a, p, n: (f"http://repost{n}.example/x/{p.url.rpartition('/')[2]}", None, None),
    "alt": lambda a, p, n: (f"http://repost{n}.example/{n}.jpg", p.alt.upper(), None),
    "name": lambda a, p, n: (f"http://repost{n}.example/{n}.jpg", f"Fox by {a.name}, {n}", None),
    "hash": lambda a, p, n: (f"http://repost{n}.example/{n}.jpg", "a picture", p.md5),
}


@dataclass(frozen=True, slots=True)
class Planted:
    """One row put among the others."""

    row: int  # among all rows
    artist: str
    image_url: str
    tie: str  # a key of _TIES
    values: _Row


def plant(people: Sequence[Artist], rows: int, seed: int, hashes: bool) -> list[Planted]:
    """Rows that tie to the artists, at different places: one for each third picture at most."""
    pairs = [(one, picture) for one in people for picture in one.pictures[::3]][: rows // 4]
    rng = np.random.default_rng([seed, 11])
    places = np.sort(rng.choice(rows, len(pairs), replace=False)) if pairs else []
    ties = [tie for tie in _TIES if hashes or tie != "hash"]
    order = rng.permutation(len(pairs))
    found = []
    for number, (place, which) in enumerate(zip(places, order, strict=True)):
        one, picture = pairs[which]
        tie = ties[number % len(ties)]
        if tie == "stem" and "pinimg" in picture.url:
            tie = "exact"
        values = _TIES[tie](one, picture, number)
        found.append(Planted(int(place), one.artist, picture.url, tie, values))
    return found


# ------------------------------------------------------------------------------------------ texts
_SYLLABLES = [a + b for a in "bdfgklmnprstvwz" for b in "aeio"] + ["sta", "tri", "gra", "plo"]


def _words(seed: int, number: int = 20_000) -> list[str]:
    """Invented words, short ones first, as frequent words are."""
    rng = np.random.default_rng([seed, 3])
    found: dict[str, None] = {}
    while len(found) < number:
        length = 1 + int(rng.integers(1, 4) * (0.4 + 0.6 * min(1, len(found) / 300)))
        picks = rng.integers(0, len(_SYLLABLES), length)
        found["".join(_SYLLABLES[i] for i in picks)] = None
    return list(found)


class Texts:
    """What the columns of texts are drawn from; made once for all files."""

    def __init__(self, seed: int) -> None:
        words = _words(seed)
        rng = np.random.default_rng([seed, 5])
        self.words = pa.array(words)
        self.word_share = _zipf(len(words), 0.9)
        ends = rng.integers(0, len(_ENDS), TAIL_HOSTS)
        pairs = rng.integers(0, len(words), (TAIL_HOSTS, 2))
        www = rng.random(TAIL_HOSTS) < 0.45
        self.hosts = pa.array(
            f"{'www.' if w else ''}{words[a]}{words[b]}{_ENDS[e]}"
            for w, (a, b), e in zip(www, pairs, ends, strict=True)
        )
        self.host_share = _zipf(TAIL_HOSTS, 0.85)
        self.tails = pa.array(_tails(rng, words))
        self.names = pa.array(
            f"{words[a].capitalize()} {words[b].capitalize()}{'ø' if a % 17 == 0 else ''}"
            for a, b in rng.integers(100, len(words), (30_000, 2))
        )


def _tails(rng: Random, words: Sequence[str]) -> Iterator[str]:
    """How names of files go on after two words."""
    for _ in range(60_000):
        a, b = (words[i] for i in rng.integers(0, len(words), 2))
        n, w, h = (int(i) for i in rng.integers(100, 1500, 3))
        kinds = (f"-{a}", f"-{a}-{b}", f"_{n}", "", f"-{w}x{h}", f"_{a}_{n}", f"-{a}-{w}x{h}")
        yield kinds[int(rng.integers(0, len(kinds)))]


def _zipf(number: int, power: float) -> np.ndarray[Any, Any]:
    """Cumulative shares of `number` ranks."""
    shares = np.arange(1, number + 1, dtype=np.float64) ** -power
    return np.cumsum(shares / shares.sum())


def _pick(rng: Random, share: np.ndarray[Any, Any], number: int) -> np.ndarray[Any, Any]:
    found: np.ndarray[Any, Any] = np.searchsorted(share, rng.random(number))
    return np.minimum(found, len(share) - 1)


_SIGNS = {
    "d": b"0123456789",
    "h": b"0123456789abcdef",
    "a": b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
}


def _signs(rng: Random, kind: str, length: int, number: int) -> pa.Array:
    """`number` texts of `length` random signs."""
    table = np.frombuffer(_SIGNS[kind], np.uint8)
    data = table[rng.integers(0, len(table), number * length, dtype=np.uint8)]
    offsets = np.arange(number + 1, dtype=np.int32) * length
    return pa.StringArray.from_buffers(number, pa.py_buffer(offsets), pa.py_buffer(data))


def _texts(rng: Random, texts: Texts, form: str, number: int) -> pa.Array:
    """`number` texts of one form."""
    parts = [_part(rng, texts, part, number) for part in re.split(r"(\{\w+\})", form) if part]
    return pc.binary_join_element_wise(*parts, "") if len(parts) > 1 else parts[0]


def _part(rng: Random, texts: Texts, part: str, number: int) -> Any:
    if not part.startswith("{"):
        return pa.scalar(part)
    kind = part[1:-1]
    if kind == "host":
        return texts.hosts.take(pa.array(_pick(rng, texts.host_share, number)))
    if kind == "w":
        return texts.words.take(pa.array(_pick(rng, texts.word_share, number)))
    if kind == "name":
        a, b, c = (texts.words.take(pa.array(rng.integers(0, 20_000, number))) for _ in "abc")
        between = pa.array(["-", "-", "_"]).take(pa.array(rng.integers(0, 3, number)))
        tails = texts.tails.take(pa.array(rng.integers(0, len(texts.tails), number)))
        return pc.binary_join_element_wise(a, between, b, between, c, tails, "")
    if kind in _FEW:
        return pa.array(_FEW[kind]).take(pa.array(rng.integers(0, len(_FEW[kind]), number)))
    return _signs(rng, kind[0], int(kind[1:]), number)


_FEW = {
    "y": [str(year) for year in range(2009, 2021)],
    "m": [f"{month:02d}" for month in range(1, 13)],
    "px": ["236x", "736x", "originals", "large", "1024x1024", "grande"],
}


# ------------------------------------------------------------------------------------------- rows
def _urls(rng: Random, texts: Texts, number: int) -> pa.Array:
    """Addresses, each form's by itself, then in their places."""
    shares = [rows for _, rows, _ in HEADS]
    rest = 10_000 - sum(shares)
    weights = sum(weight for _, weight in TAIL)
    kinds = [(host, form) for host, _, form in HEADS] + [("{host}", form) for form, _ in TAIL]
    shares += [rest * weight / weights for _, weight in TAIL]
    which = _pick(rng, np.cumsum(shares) / 10_000, number)
    order = np.argsort(which, kind="stable")
    counts = np.bincount(which, minlength=len(kinds))
    parts = [
        pc.binary_join_element_wise(
            pa.array(["http://", "https://"]).take(pa.array((rng.random(n) < 0.62).astype(int))),
            _texts(rng, texts, host + FORMS[form], int(n)),
            "",
        )
        for (host, form), n in zip(kinds, counts, strict=True)
        if n
    ]
    back = np.empty(number, np.int64)
    back[order] = np.arange(number)
    return _odd(rng, pa.concat_arrays(parts).take(pa.array(back)))


def _odd(rng: Random, urls: pa.Array) -> pa.Array:
    """Ports, capitals and damage, as often as they occur."""
    dice = rng.random(len(urls))
    for low, high, pattern, new in (
        (0, 0.001, "^(https?://)", r"\1WWW."),
        (0.001, 0.0017, "^(https?://[^/]+)", r"\1:443"),
        (0.002, 0.0021, "^.*$", "UNLIKELY"),
        (0.003, 0.0031, "^(https?://[^/]+)/", r"\1/../"),
    ):
        mask = (dice >= low) & (dice < high)
        some = pc.replace_substring_regex(urls.filter(pa.array(mask)), pattern, new)
        urls = pc.replace_with_mask(urls, pa.array(mask), some)
    return pc.if_else(pa.array(dice > 0.99995), None, urls)


def _captions(rng: Random, texts: Texts, number: int) -> pa.Array:
    """Texts of nine words in the middle; some name an artist, few are empty."""
    lengths = np.clip(rng.lognormal(2.1, 0.55, number), 1, 80).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    words = texts.words.take(pa.array(_pick(rng, texts.word_share, int(offsets[-1]))))
    lists = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), words)
    captions = pc.utf8_capitalize(pc.binary_join(lists, " "))
    dice = rng.random(number)
    named = texts.names.take(pa.array(rng.integers(0, len(texts.names), number)))
    for low, high, between in ((0, 0.05, " by "), (0.05, 0.06, " | "), (0.06, 0.09, " &amp; ")):
        mask = (dice >= low) & (dice < high)
        some = pc.binary_join_element_wise(
            captions.filter(pa.array(mask)), named.filter(pa.array(mask)), between
        )
        captions = pc.replace_with_mask(captions, pa.array(mask), some)
    marks = pc.if_else(pa.array(dice > 0.96), " – für Zuhause", "")
    captions = pc.binary_join_element_wise(captions, marks, "")
    return pc.if_else(pa.array((dice > 0.5) & (dice < 0.5005)), "", captions)


_NSFW = ["UNLIKELY", "UNSURE", "NSFW", None]


def _table(rng: Random, texts: Texts, number: int, shape: str) -> dict[str, pa.Array]:
    sizes = [np.clip(rng.lognormal(6.1, 0.5, number), 64, 3840).astype(np.int32) for _ in "wh"]
    known = pa.array(rng.random(number) > 0.01)
    wide, high = (pc.if_else(known, pa.array(side), None) for side in sizes)
    similarity = pa.array(0.28 + rng.gamma(2.0, 0.018, number))
    columns = {"url": _urls(rng, texts, number), "caption": _captions(rng, texts, number)}
    if shape == "plain":
        return {
            "SAMPLE_ID": pa.array(rng.integers(0, 2**42, number)),
            "URL": columns["url"],
            "TEXT": columns["caption"],
            "HEIGHT": high.cast(pa.float64()),
            "WIDTH": wide.cast(pa.float64()),
            "LICENSE": _drawn(rng, ["?", "CC-BY"], [0.99, 1], number),
            "NSFW": _drawn(
                rng, ["UNLIKELY", "UNSURE", "NSFW", None], [0.93, 0.98, 0.99, 1], number
            ),
            "similarity": similarity,
        }
    scores = {
        "similarity": similarity,
        "hash": pa.array(rng.integers(-(2**63), 2**63 - 1, number)),
        "pwatermark": pa.array(rng.beta(0.6, 2.4, number).astype(np.float32)),
        "punsafe": pa.array(rng.beta(0.3, 6.0, number).astype(np.float32)),
    }
    if shape == "joined":
        sizes_32 = {"WIDTH": wide, "HEIGHT": high}
        return {"URL": columns["url"], "TEXT": columns["caption"], **sizes_32, **scores}
    there = pa.array(rng.random(number) < 0.92)
    status = pc.if_else(there, "success", "failed_to_download")
    return {
        **columns,
        **scores,
        "key": _signs(rng, "d", 12, number),
        "status": status,
        "error_message": pc.if_else(there, None, "HTTP Error 404: Not Found"),
        "width": pc.if_else(there, wide, None),
        "height": pc.if_else(there, high, None),
        "original_width": pc.if_else(there, wide, None),
        "original_height": pc.if_else(there, high, None),
        "exif": pc.if_else(there, "{}", None),
        "md5": pc.if_else(there, _signs(rng, "h", 32, number), None),
    }


def _drawn(
    rng: Random, values: Sequence[str | None], shares: Sequence[float], number: int
) -> pa.Array:
    picks = np.searchsorted(np.array(shares), rng.random(number))
    return pa.array(values).take(pa.array(picks))


# ------------------------------------------------------------------------------------------ files
def write(
    rows: int,
    out: Path,
    *,
    files: int = 4,
    seed: int = 1,
    edition: str = "laion2B-en",
    people: Sequence[Artist] = (),
    row_group: int = ROW_GROUP,
) -> list[Path]:
    """Write the edition to `out`/rows, with the planted rows of `people`; returns its files."""
    uuid, shape = EDITIONS[edition]
    folder = out / "rows"
    folder.mkdir(parents=True, exist_ok=True)
    planted = plant(people, rows, seed, hashes=shape == "relaion")
    bounds = [rows * i // files for i in range(files + 1)]
    names = [f"part-{i:05d}-{uuid}-c000.snappy.parquet" for i in range(files)]
    texts = Texts(seed)

    def one(number: int) -> Path:
        low, high = bounds[number], bounds[number + 1]
        mine = [p for p in planted if low <= p.row < high]
        with pq.ParquetWriter(
            folder / names[number], _schema(shape), compression="snappy"
        ) as writer:
            for tables in _groups(texts, [seed, 13, number], high - low, shape, row_group):
                writer.write_table(_with(tables, mine, low), row_group_size=row_group)
                low += tables.num_rows
        return folder / names[number]

    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(one, range(files)))
    _write_people(out, people)
    _write_truth(out, planted, bounds, names)
    return paths


def _schema(shape: str) -> pa.Schema:
    few = _table(np.random.default_rng(0), _Small(), 8, shape)
    return pa.schema([(name, array.type) for name, array in few.items()])


class _Small(Texts):
    """Enough to know the types."""

    def __init__(self) -> None:
        self.words = self.names = self.hosts = self.tails = pa.array(["word"] * 20_000)
        self.word_share = self.host_share = _zipf(20_000, 0.9)


def _groups(
    texts: Texts, seed: Sequence[int], rows: int, shape: str, row_group: int
) -> Iterator[pa.Table]:
    """The rows of one file in row groups."""
    for group, start in enumerate(range(0, rows, row_group)):
        size = min(row_group, rows - start)
        chunks = [
            pa.table(_table(np.random.default_rng([*seed, group, at]), texts, n, shape))
            for at in range(0, size, _CHUNK)
            for n in [min(_CHUNK, size - at)]
        ]
        yield pa.concat_tables(chunks).combine_chunks()


def _with(table: pa.Table, planted: Sequence[Planted], start: int) -> pa.Table:
    """`table`, whose first row is number `start`, with the planted rows in their places."""
    mine = [p for p in planted if start <= p.row < start + table.num_rows]
    columns = zip(*(one.values for one in mine), strict=True)
    for column, values in zip(("url", "caption", "md5"), columns, strict=False):
        name = next((n for n in table.column_names if n.lower() in (column, _OTHER[column])), None)
        mask = np.zeros(table.num_rows, bool)
        mask[[p.row - start for p in mine]] = True
        if name is not None:
            new = pa.array(values, pa.string())
            replaced = pc.replace_with_mask(table[name].combine_chunks(), pa.array(mask), new)
            table = table.set_column(table.column_names.index(name), name, replaced)
    return table


_OTHER = {"url": "url", "caption": "text", "md5": "md5"}


def _write_people(out: Path, people: Sequence[Artist]) -> None:
    picture = pa.struct([("url", pa.string()), ("alt", pa.string()), ("md5", pa.string())])
    schema = pa.schema([
        ("artist", pa.string()), ("name", pa.string()), ("hosts", pa.list_(pa.string())),
        ("pictures", pa.list_(picture)),
    ])  # fmt: skip
    rows = [
        {"artist": one.artist, "name": one.name, "hosts": list(one.hosts),
         "pictures": [{"url": p.url, "alt": p.alt, "md5": p.md5} for p in one.pictures]}
        for one in people
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), out / "artists.parquet")


def _write_truth(
    out: Path, planted: Sequence[Planted], bounds: Sequence[int], names: Sequence[str]
) -> None:
    rows = []
    for one in planted:
        number = int(np.searchsorted(np.array(bounds), one.row, "right")) - 1
        place = {"dataset_file": names[number], "dataset_row": one.row - bounds[number]}
        rows.append({"artist": one.artist, "image_url": one.image_url, "tie": one.tie, **place})
    fields = ("artist", "image_url", "tie", "dataset_file")
    schema = pa.schema([*((name, pa.string()) for name in fields), ("dataset_row", pa.int64())])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), out / "truth.parquet")


def read_people(out: Path) -> list[Artist]:
    """The artists that were written to `out`."""
    return [
        Artist(row["artist"], row["name"], tuple(row["hosts"]),
               tuple(Picture(**p) for p in row["pictures"]))
        for row in pq.read_table(out / "artists.parquet").to_pylist()
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("rows", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--edition", choices=EDITIONS, default="laion2B-en")
    parser.add_argument("--artists", type=int, default=0)
    parser.add_argument("--images", type=int, default=20, help="pictures of each artist")
    parser.add_argument("--first-images", type=int, default=700, help="pictures of the first")
    parser.add_argument("--row-group", type=int, default=ROW_GROUP)
    args = parser.parse_args()
    people = artists(args.artists, args.images, args.first_images, args.seed)
    paths = write(
        args.rows, args.out, files=args.files, seed=args.seed, edition=args.edition,
        people=people, row_group=args.row_group,
    )  # fmt: skip
    for path in paths:
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
