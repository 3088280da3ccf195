"""Coverage-guided fuzzing: python -m tests.fuzz.fuzz PARSER SECONDS (extra `fuzz`).

Ends with 0 when nothing was found. What raises, or takes longer than ten seconds, ends it with
the input in a file named crash-… or timeout-… in the folder it was started in.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.parsers import PARSERS

VECTORS = Path(__file__).parents[1] / "vectors"
# Each kind of place that `prose` looks at, blocks in blocks, and scripts without spaces.
PAGES = (
    b"<title>Terms of use</title><p>Text and data mining is reserved.<div>No <b>AI training</b>",
    b"<h1>AGB</h1><ul><li>44b UrhG<li>KI-Training<br>Maschinelles Lernen</ul>/impressum",
    b"<footer><p>TDM: fouille de donn&eacute;es<footer>entra\xc3\xaenement</footer></footer>",
    b"<div role=contentinfo><table><td><!-- c -->No machine learning<script>x</script>, please",
    "<h2>利用規約</h2><p>機械学習への利用を禁じます".encode(),
)


def seeds(parser: str) -> Iterator[bytes]:
    """Inputs to begin with: the texts of our vectors, small image files, or pages of terms."""
    if parser == "prose":
        yield from PAGES
        return
    if parser in ("image_metadata", "c2pa", "xmp"):
        from tests import image_files

        yield image_files.data_mining()
        for kind in image_files.FORMATS:
            body = image_files.image(kind, image_files.data_mining())
            yield body
            if parser == "c2pa":
                assertion = image_files.assertion("cawg.training-mining", ai_training="allowed")
                yield image_files.signed(kind, [assertion])
        return
    for path in sorted(VECTORS.glob("*.json")):
        for case in json.loads(path.read_text("utf-8")):
            yield from _texts(case["input"])


def _texts(value: object) -> Iterator[bytes]:
    if isinstance(value, str):
        yield value.encode()
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)


def main(parser: str, seconds: str) -> None:
    """Fuzz one parser for so many seconds."""
    import atheris

    inputs = list(seeds(parser))
    # Imported again with every branch counted.
    counted = ("crawler", "http_sf", "PIL")
    for name in [one for one in sys.modules if one.startswith((*counted, "tests.fuzz.parsers"))]:
        del sys.modules[name]
    with atheris.instrument_imports(include=list(counted)):
        from tests.fuzz.parsers import PARSERS as INSTRUMENTED
    corpus = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, seed in enumerate(inputs):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", "-timeout=10", "-max_len=40000", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], INSTRUMENTED[parser])
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in PARSERS:
        sys.exit(f"usage: python -m tests.fuzz.fuzz PARSER SECONDS; PARSER is {', '.join(PARSERS)}")
    main(sys.argv[1], sys.argv[2])
