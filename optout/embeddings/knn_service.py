"""A clip-retrieval back end × query vectors → candidate rows, with everything it hides shown.

Its usual client asks for 40 results without near duplicates, without what is not aesthetic, and
without what its filters call unsafe: near duplicates are what an artist looks for. Keys of request
and answer: github.com/rom1504/clip-retrieval, clip_retrieval/clip_back.py (KnnService).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from optout.embeddings.asked import Asked
from optout.embeddings.identity import ModelIdentity
from optout.embeddings.similar import Row, Similar
from optout.errors import EmbeddingError
from optout.tables import SIMILAR, match_id

if TYPE_CHECKING:
    import httpx

TIMEOUT = 120.0  # seconds; an index on a disk takes its time
MOST_BYTES = 64 << 20  # of one answer
_TEXTS = ("url", "caption", "NSFW", "md5")
_PLAIN = {
    "modality": "image",
    "use_mclip": False,
    "deduplicate": False,
    "use_safety_model": False,
    "use_violence_detector": False,
    "aesthetic_score": "",
    "aesthetic_weight": 0,
}


def ask_service(
    address: str,
    index: str,
    asked: Asked,
    model: ModelIdentity,
    *,
    threshold: float,
    most: int = 1000,
    case_id: str = "",
) -> Similar:
    """The nearest `most` rows of the back end at `address`, of which those above `threshold`.

    It cannot be told which model made the index: that is the user's word. Its similarities are
    approximate, and a row that it does not name may be there all the same. Raises EmbeddingError
    when the back end does not answer, or answers with something else.
    """
    import httpx

    host = urlsplit(address)
    if host.scheme not in ("http", "https") or not host.hostname:
        raise EmbeddingError(
            f"{address} is no address of a server", "for example http://127.0.0.1:1234"
        )
    best: dict[tuple[int, int], Row] = {}
    with httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
        for number, vector in enumerate(asked.vectors.tolist()):
            subject = asked.of[number]
            for found in _ask(client, address, index, vector, most):
                if found["model_similarity"] < threshold:
                    continue
                key = (subject, found["dataset_row"])
                if key in best and best[key]["model_similarity"] >= found["model_similarity"]:
                    continue
                best[key] = found | {"view": asked.view[number]}
    common = {
        "case_id": case_id,
        "dataset": index,
        "edition": "",
        "dataset_file": "",
        "threshold": threshold,
        "model": model.name,
        "weights_sha256": model.weights_sha256,
        "model_said_by": "user",
    }
    empty: Row = dict.fromkeys(SIMILAR.names)
    rows = [empty | common | _row(found, asked, *key, index) for key, found in best.items()]
    order = {subject.name: place for place, subject in enumerate(asked.subjects)}
    rows.sort(key=lambda r: (order[r["query"]], -r["model_similarity"], r["dataset_row"]))
    said = {"model": model.label(), "threshold": threshold, "most": most}
    return Similar(rows, _summary(said, rows, asked, index))


def _ask(
    client: httpx.Client, address: str, index: str, vector: list[float], most: int
) -> list[Row]:
    """One request; what the answer says of each row, in our columns."""
    import httpx

    body = {**_PLAIN, "indice_name": index, "embedding_input": vector}
    body |= {"num_images": most, "num_result_ids": most}
    where = f"{address.rstrip('/')}/knn-service"
    try:
        with client.stream("POST", where, json=body) as response:
            if response.status_code != 200:
                raise EmbeddingError(
                    f"{where} answered with {response.status_code}",
                    f"does it have an index called {index}?",
                )
            text = bytearray()
            for part in response.iter_bytes():
                text += part
                if len(text) > MOST_BYTES:
                    raise EmbeddingError(f"{where} answers without end", "ask for fewer: --most")
    except httpx.HTTPError as error:
        raise EmbeddingError(
            f"{where} does not answer: {type(error).__name__}", "check that it runs"
        ) from error
    return _read(where, bytes(text))


def _read(where: str, text: bytes) -> list[Row]:
    try:
        answer = json.loads(text)
        return [found for entry in answer if (found := _entry(entry))]
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise EmbeddingError(
            f"{where} answered with something that is no list of rows",
            "name a clip-retrieval back end",
        ) from error


def _entry(entry: Row) -> Row | None:
    """None for a row without place or similarity."""
    place, similarity = entry.get("id"), entry.get("similarity")
    if not isinstance(place, int) or not isinstance(similarity, int | float):
        return None
    if not math.isfinite(similarity):
        return None
    texts = {name.lower(): entry.get(name) for name in _TEXTS}
    texts = {name: text for name, text in texts.items() if isinstance(text, str)}
    if "url" not in texts and isinstance(entry.get("image_path"), str):
        texts["url"] = f"file:{entry['image_path']}"
    return {"dataset_row": place, "model_similarity": round(float(similarity), 6), **texts}


def _row(found: Row, asked: Asked, subject: int, place: int, index: str) -> Row:
    of, text = asked.subjects[subject], found["view"] == "text"
    return {
        "match_id": match_id(index, "", "", place),
        "kind": None if text else "embedding",
        "strength": None if text else "similar_image",
        "query": of.name,
        "image_url": of.image_url,
        "work_id": of.work_id,
        "url_host": _host(found.get("url")),
        **found,
    }


def _host(url: str | None) -> str | None:
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


def _summary(said: Row, rows: list[Row], asked: Asked, index: str) -> Row:
    """As find_similar's; how many rows the index has, nobody says."""
    listed = Counter(row["query"] for row in rows)
    return said | {
        "datasets": [{"dataset": index, "edition": "", "rows": None}],
        "rows_searched": None,
        "shards_searched": 0,
        "shards_without_model": 0,
        "not_searched": [],
        "approximate": [{"file": index, "rows": None, "estimates": True}],
        "damaged_rows": 0,
        "damaged": [],
        "metadata_problems": [],
        "subjects": [
            {
                "query": subject.name,
                "rows": listed[subject.name],
                "more": listed[subject.name] >= said["most"],
            }
            for subject in asked.subjects
        ],
        "unreadable": [{"name": name, "reason": reason} for name, reason in asked.unreadable],
    }
