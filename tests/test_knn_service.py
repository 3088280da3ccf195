"""A clip-retrieval back end is asked for everything, and its answers are read with care."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from optout.embeddings.asked import Asked, Subject  # noqa: E402
from optout.embeddings.identity import ModelIdentity  # noqa: E402
from optout.embeddings.knn_service import ask_service  # noqa: E402
from optout.errors import EmbeddingError  # noqa: E402
from optout.tables import SIMILAR  # noqa: E402

MODEL = ModelIdentity("tiny", "ab" * 32, "32 shortest", False, 4)
# The form of an answer: the rows asked for with metadata, further ones with place and similarity.
ROWS = [
    {"id": 7, "similarity": 0.97, "url": "https://x.example/a.jpg", "caption": "fox", "NSFW": "NO"},
    {"id": 9, "similarity": 0.95, "url": "https://x.example/b.jpg", "caption": "owl\x1b[31m"},
    {"id": 11, "similarity": 0.93, "image_path": "pictures/03.png"},
    {"id": 12, "similarity": 0.91},
    {"id": 13, "similarity": 0.2},
    {"id": "x", "similarity": 0.99},
    {"id": 14, "similarity": None},
]


class BackEnd:
    """What it is asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status, self.body = 200, json.dumps(ROWS).encode()
        self.location = ""
        self.address = ""


@pytest.fixture
def back_end() -> Iterator[BackEnd]:
    state = BackEnd()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            state.asked.append(json.loads(self.rfile.read(length)))
            state.paths.append(self.path)
            self.send_response(state.status)
            if state.location:
                self.send_header("Location", state.location)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


def asked(views: int = 1) -> Asked:
    vectors = np.eye(4, dtype=np.float32)[:views]
    names = ("whole", "middle", "squashed")[:views]
    return Asked((Subject("mine.png"),), vectors, (0,) * views, names)


def test_nothing_that_it_could_hide_is_hidden(back_end: BackEnd) -> None:
    found = ask_service(back_end.address, "laion", asked(), MODEL, threshold=0.9, most=50)
    assert back_end.paths == ["/knn-service"]
    assert back_end.asked == [
        {
            "indice_name": "laion",
            "embedding_input": [1.0, 0.0, 0.0, 0.0],
            "modality": "image",
            "num_images": 50,
            "num_result_ids": 50,
            "use_mclip": False,
            "deduplicate": False,
            "use_safety_model": False,
            "use_violence_detector": False,
            "aesthetic_score": "",
            "aesthetic_weight": 0,
        }
    ]
    assert [(row["dataset_row"], row["url"]) for row in found.rows] == [
        (7, "https://x.example/a.jpg"),
        (9, "https://x.example/b.jpg"),
        (11, "file:pictures/03.png"),
        (12, None),
    ]
    first = found.rows[0]
    assert list(first) == SIMILAR.names
    assert (first["caption"], first["nsfw"], first["url_host"]) == ("fox", "NO", "x.example")
    assert (first["strength"], first["model_said_by"]) == ("similar_image", "user")


def test_of_several_views_the_most_similar_counts(back_end: BackEnd) -> None:
    found = ask_service(back_end.address, "laion", asked(3), MODEL, threshold=0.9)
    assert len(back_end.asked) == 3
    assert [row["dataset_row"] for row in found.rows] == [7, 9, 11, 12]
    assert found.rows[0]["view"] == "whole"


ANSWERS = {
    "an error": (404, b"", "", "answered with 404"),
    "a page": (200, b"<html>", "", "no list of rows"),
    "another thing": (200, b'{"a": 1}', "", "no list of rows"),
    "numbers": (200, b"[1, 2]", "", "no list of rows"),
    "depth": (200, b"[" * 100_000, "", "no list of rows"),
    "a redirect": (302, b"", "http://127.0.0.1:9/", "answered with 302"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_other_answers_are_one_sentence(back_end: BackEnd, case: str) -> None:
    back_end.status, back_end.body, back_end.location, message = ANSWERS[case]
    with pytest.raises(EmbeddingError, match=message):
        ask_service(back_end.address, "laion", asked(), MODEL, threshold=0.9)
    assert len(back_end.asked) == 1


def test_an_answer_without_end_is_cut(back_end: BackEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    from optout.embeddings import knn_service

    monkeypatch.setattr(knn_service, "MOST_BYTES", 100)
    with pytest.raises(EmbeddingError, match="without end"):
        ask_service(back_end.address, "laion", asked(), MODEL, threshold=0.9)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "127.0.0.1:1", "http://127.0.0.1:9"])
def test_no_server_is_one_sentence(address: str) -> None:
    with pytest.raises(EmbeddingError):
        ask_service(address, "laion", asked(), MODEL, threshold=0.9)
