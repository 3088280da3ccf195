"""The columns of every observation: the contract between the crawl and everything after it.

`docs/records.md` explains each column. A record is a plain dictionary with these keys
(the form in which the journal keeps it); a run's Parquet files have exactly these schemas.
All times are UTC. Addresses are kept exactly as found; nothing here is normalised.
"""

from __future__ import annotations

import pyarrow as pa

FORMAT = 1  # of the observation files; a reader refuses a higher number

_TIME = pa.timestamp("us", tz="UTC")
_HEADERS = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
_CAPTIONS = pa.list_(pa.struct([("source", pa.string()), ("text", pa.string())]))

# Every relation begins with these.
COMMON = [
    ("case_id", pa.string()),
    ("run_id", pa.string()),
    ("source", pa.string()),  # crawl, export, list, API or capture
    ("observed_at", _TIME),
]

_COLUMNS: dict[str, list[tuple[str, pa.DataType]]] = {
    # One row per page address asked for (or decided not to be asked for).
    "pages": [
        ("url", pa.string()),
        ("final_url", pa.string()),
        ("outcome", pa.string()),  # see OUTCOMES
        ("reason", pa.string()),  # why not fetched, in words
        ("status", pa.int16()),
        ("hop_count", pa.int16()),
        ("content_type", pa.string()),
        ("size", pa.int64()),  # bytes of the body after decompression
        ("sha256", pa.string()),
        ("truncated", pa.bool_()),  # only the first part was read
        ("title", pa.string()),
        ("depth", pa.int16()),  # links from a site root
        ("found_on", pa.string()),  # address of the page or sitemap that named it
        ("robots_rule", pa.string()),  # line of robots.txt that decided, e.g. "12: Disallow: /x"
    ],
    # One row per HTTP exchange of a chain: what each hop answered, all lines of repeated headers.
    "hops": [
        ("subject", pa.string()),  # page, image or site_file
        ("url", pa.string()),  # the address the chain started with
        ("hop", pa.int16()),  # 0 is the first exchange
        ("hop_url", pa.string()),
        ("method", pa.string()),
        ("status", pa.int16()),
        ("location", pa.string()),  # of a redirect, as written
        ("address", pa.string()),  # IP address that answered
        ("headers", _HEADERS),  # the lines that matter, in order, values unchanged
    ],
    # One row per <meta> that can carry a signal, wherever it stood in the page.
    "metas": [
        ("page_url", pa.string()),
        ("position", pa.int32()),  # order among the page's metas
        ("name", pa.string()),  # lower-case
        ("content", pa.string()),
        ("raw", pa.string()),  # the element as serialised
        ("in_head", pa.bool_()),
    ],
    # One row per other element of a page that can carry a signal or its context.
    "elements": [
        ("page_url", pa.string()),
        ("position", pa.int32()),  # order among the page's rows
        ("tag", pa.string()),
        ("name", pa.string()),  # license or data-nosnippet
        ("content", pa.string()),  # the href or the attribute's value, as written
        ("type", pa.string()),  # media type that a link declares
        ("raw", pa.string()),  # the start tag as serialised
        ("in_head", pa.bool_()),
    ],
    # One row per paragraph of terms or an imprint that speaks of mining or training: prose.
    "prose": [
        ("page_url", pa.string()),
        ("position", pa.int32()),  # order among the page's rows
        ("place", pa.string()),  # address, title, heading or footer: why the page was read
        ("tag", pa.string()),  # the block that holds it
        ("language", pa.string()),  # of the table's phrase that it was known by
        ("phrase", pa.string()),
        ("raw", pa.string()),  # its text, white space collapsed
        ("truncated", pa.bool_()),  # raw is only its beginning
    ],
    # One row per mention of an image in a page, as written.
    "image_refs": [
        ("page_url", pa.string()),
        ("position", pa.int32()),  # order in the page
        ("tag", pa.string()),
        ("attribute", pa.string()),
        ("raw", pa.string()),  # address as written
        ("image_url", pa.string()),  # resolved; NULL where it cannot be
        ("descriptor", pa.string()),  # srcset descriptor, e.g. "800w"
        ("image_group", pa.string()),  # same for all candidates of one picture on the page
        ("alt", pa.string()),
        ("alt_state", pa.string()),  # missing, empty or text
        ("captions", _CAPTIONS),  # other texts beside the picture, each with its source
        ("absolute", pa.bool_()),  # written with scheme and host
        ("in_laion_shape", pa.bool_()),  # could a LAION-type pipeline have captured it?
        ("not_in_shape_because", pa.string()),
        ("furniture", pa.bool_()),  # icon, sprite, spacer: marked, not dropped
    ],
    # One row per distinct image address.
    "images": [
        ("image_url", pa.string()),
        ("final_url", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("method", pa.string()),  # GET or HEAD
        ("status", pa.int16()),
        ("hop_count", pa.int16()),
        ("content_type", pa.string()),  # as declared
        ("sniffed_type", pa.string()),  # from the first bytes
        ("size", pa.int64()),
        ("sha256", pa.string()),
        ("md5", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("etag", pa.string()),
        ("last_modified", pa.string()),
        ("stored_as", pa.string()),  # file under the run's folder, only with --keep-images
        ("robots_rule", pa.string()),
    ],
    # One row per packet of metadata in an image file; one that says so where there is none.
    "file_metadata": [
        ("image_url", pa.string()),
        ("position", pa.int16()),  # order found in the file
        ("kind", pa.string()),  # see METADATA
        ("place", pa.string()),  # part of the file that holds it, e.g. APP1, iTXt
        ("offset", pa.int64()),  # of its first byte in the file
        ("size", pa.int64()),  # of the whole packet, bytes
        ("raw", pa.binary()),  # the packet as it lies there, decompressed
        ("truncated", pa.bool_()),  # raw is only its beginning
        ("problem", pa.string()),  # what is wrong with it, or why nothing was read
    ],
    # One row per site-wide file (robots.txt and those of site_files.toml) of every host involved.
    "site_files": [
        ("origin", pa.string()),  # scheme://host[:port]
        ("kind", pa.string()),  # robots.txt or a kind of site_files.toml
        ("url", pa.string()),
        ("final_url", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("status", pa.int16()),
        ("hop_count", pa.int16()),
        ("content_type", pa.string()),
        ("size", pa.int64()),
        ("sha256", pa.string()),
        ("truncated", pa.bool_()),
        ("body", pa.binary()),  # the bytes as served
        ("found_on", pa.string()),  # what named a document that has no fixed path
    ],
}

# Kinds of file_metadata.
METADATA = (
    "xmp",
    "exif_copyright",  # tag 0x8298
    "iptc_copyright",  # dataset 2:116
    "c2pa",  # a manifest store
    "jumbf",  # a box of another kind
    "none",  # the file was read and holds none of these
    "not_read",  # the file, or the rest of it, was not read; `problem` says why
)

# What became of an address. `fetched` says that bytes came, whatever the status.
OUTCOMES = (
    "fetched",
    "listed",  # brought in a list or an export, not asked for
    "robots_disallowed",
    "private_address",  # policy: not started there and not allowed
    "out_of_scope",  # redirected to a host that is not the site's
    "too_large",  # headers kept, body not read
    "failed",  # no answer: DNS, connection, TLS, time-out, broken transfer
)

# Why an address was never asked for: `kind` of the entries of `cut_short` in summary.json.
CUTS = (
    "budget",  # the time, size or page budget ended
    "interrupted",  # the run was stopped and closed without being resumed
    "depth",
    "trap",
    "redirects",
    "address",  # longer than any address may be
    "site_file",  # a sitemap, feed, style sheet or data file that was not (wholly) read
    "browser",  # read as served, but not shown to a browser
    "endless",  # shown to a browser, which saw only the beginning
    "robots",  # what a page in the browser asked for, and robots.txt forbids
    "browser_failed",  # shown to a browser, which did not get to its end
    "scope",  # a link to somebody else's site
)

SCHEMAS: dict[str, pa.Schema] = {
    name: pa.schema(COMMON + columns) for name, columns in _COLUMNS.items()
}
