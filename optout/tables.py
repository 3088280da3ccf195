"""The columns of the derived tables: what `optout match` writes and requests and report read.

`docs/records.md` explains each column. Everything here can be deleted and computed again.
"""

from __future__ import annotations

import hashlib

import pyarrow as pa

# Strongest first; never mixed, never added up.
STRENGTHS = ("same_address", "same_image", "similar_image", "lead", "caption_only")


def match_id(dataset: str, edition: str, file: str, row: int) -> str:
    """The lasting name of a data set row, however it was found."""
    name = "\0".join((dataset, edition, file, str(row)))
    return f"m-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"


# One row per data set row tied to the case.
MATCHES = pa.schema(
    [
        ("case_id", pa.string()),
        ("match_id", pa.string()),  # "m-" + 16 hex digits of dataset, edition, file, row
        ("dataset", pa.string()),
        ("edition", pa.string()),
        ("dataset_file", pa.string()),  # relative to the folder searched
        ("dataset_row", pa.int64()),  # zero-based, in file order
        ("sample_id", pa.string()),  # where the edition has one
        ("hash", pa.string()),
        ("url", pa.string()),  # as it stands in the row
        ("url_host", pa.string()),  # lower-case, without port
        ("caption", pa.string()),
        ("width", pa.int64()),  # as in the row; some editions have the two swapped
        ("height", pa.int64()),
        ("similarity", pa.float64()),
        ("punsafe", pa.float64()),
        ("pwatermark", pa.float64()),
        ("aesthetic", pa.float64()),
        ("nsfw", pa.string()),
        ("license", pa.string()),
        ("language", pa.string()),
        ("md5", pa.string()),
        ("sha256", pa.string()),
        ("phash", pa.string()),
        ("strength", pa.string()),  # the strongest of its evidence
        ("evidence", pa.list_(pa.string())),  # kinds, strongest first
        ("place", pa.string()),  # own_site, declared, own_account, seen_host, elsewhere
        ("image_url", pa.string()),  # the artist's image the strongest evidence names, or NULL
        ("page_url", pa.string()),  # a page that shows it, or NULL
        ("work_id", pa.string()),
        ("contradiction", pa.string()),  # e.g. "the address now serves other bytes: …", or NULL
    ]
)

# One row per match of the search before: of the last one at an earlier state of the sites.
_BEFORE = ("match_id", "dataset", "edition", "dataset_file", "dataset_row", "url", "url_host")
MATCHES_BEFORE = pa.schema([MATCHES.field(name) for name in (*_BEFORE, "strength", "place")])

# One row per reason.
EVIDENCE = pa.schema(
    [
        ("case_id", pa.string()),
        ("match_id", pa.string()),
        ("kind", pa.string()),  # a key of evidence.toml
        ("strength", pa.string()),
        ("image_url", pa.string()),
        ("work_id", pa.string()),
        ("detail", pa.string()),  # the raw text that decided: key, hash, caption, declared host
        ("weight", pa.float64()),  # 0 to 1; below 1 where the text is not unique
    ]
)

# One row per image of the case.
WORKS = pa.schema(
    [
        ("case_id", pa.string()),
        ("work_id", pa.string()),  # "w-" + 16 hex digits of its smallest sha256 or address key
        ("image_url", pa.string()),
        ("title", pa.string()),  # the alt text or file name that names it best
        ("joined_by", pa.string()),  # file, group, key or alone
    ]
)

# One row per image that no searched row names.
NOT_LISTED = pa.schema(
    [
        ("case_id", pa.string()),
        ("image_url", pa.string()),
        ("work_id", pa.string()),
        ("in_laion_shape", pa.bool_()),
        ("not_in_shape_because", pa.string()),
    ]
)

# One row per data set row and picture that a model finds alike (`optout similar`); its own file.
SIMILAR = pa.schema(
    [
        ("case_id", pa.string()),
        ("match_id", pa.string()),
        ("dataset", pa.string()),
        ("edition", pa.string()),
        ("dataset_file", pa.string()),
        ("dataset_row", pa.int64()),
        ("url", pa.string()),
        ("url_host", pa.string()),
        ("caption", pa.string()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("similarity", pa.float64()),  # the row's own: its text against its picture
        ("punsafe", pa.float64()),
        ("pwatermark", pa.float64()),
        ("aesthetic", pa.float64()),
        ("nsfw", pa.string()),
        ("md5", pa.string()),
        ("sha256", pa.string()),
        ("phash", pa.string()),
        ("kind", pa.string()),  # embedding; NULL where a text was searched for
        ("strength", pa.string()),  # similar_image; NULL likewise
        ("query", pa.string()),  # image address, file or text that was searched for
        ("image_url", pa.string()),  # of a picture of the case
        ("work_id", pa.string()),
        ("view", pa.string()),  # which part of the picture is that similar
        ("model_similarity", pa.float64()),  # cosine by the model
        ("threshold", pa.float64()),
        ("model", pa.string()),
        ("weights_sha256", pa.string()),
        ("model_said_by", pa.string()),  # file or user
        ("vectors_file", pa.string()),
    ]
)

# One row per look at the address of a match (`optout compare`); in looked_at/.
COMPARISONS = pa.schema(
    [
        ("case_id", pa.string()),
        ("match_id", pa.string()),
        ("url", pa.string()),  # as it stands in the row
        ("looked_at", pa.timestamp("us", tz="UTC")),  # NULL where it was not asked for
        ("latest", pa.bool_()),  # the last look at this match
        ("outcome", pa.string()),  # of crawler.records.OUTCOMES; NULL where it was not asked for
        ("status", pa.int16()),
        ("final_url", pa.string()),
        ("last_modified", pa.string()),  # as served
        ("verdict", pa.string()),  # same file … different, gone or not looked at
        ("reason", pa.string()),  # why it was not looked at, or is gone, in words
        ("work_id", pa.string()),  # the artist's work it was found to be, or to be nearest to
        ("image_url", pa.string()),  # of the picture of that work
        ("stage", pa.string()),  # sha256, pdq, geometry or decoding: what decided
        ("score", pa.float64()),  # 0 to 1, orders comparisons
        ("pdq_distance", pa.int16()),
        ("inliers", pa.int32()),
        ("alike", pa.float64()),
        ("blocks", pa.int32()),
        ("spread", pa.float64()),
        ("scale", pa.float64()),
        ("turn", pa.float64()),
        ("squash", pa.float64()),
        ("mirrored", pa.bool_()),
        ("inverted", pa.bool_()),
        ("box", pa.list_(pa.float64())),  # left, top, right, bottom, shares of the artist's picture
        ("overlap", pa.float64()),
        ("covered", pa.float64()),
        ("sha256", pa.string()),  # of the file that was served
        ("md5", pa.string()),
        ("phash", pa.string()),
        ("size", pa.int64()),
        ("width", pa.int64()),
        ("height", pa.int64()),
        ("format", pa.string()),
        ("compared_with", pa.string()),  # names the set of the artist's files that it was held to
    ]
)

# By the name of their file in matches/.
DERIVED = {"matches": MATCHES, "evidence": EVIDENCE, "works": WORKS, "not_listed": NOT_LISTED}
