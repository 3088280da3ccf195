"""What a search could not see is listed for each work and edition."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optout.errors import CaseError
from optout.matching.blind_spots import blind_spots
from tests.report_case import SITE, image, make_case, reference, write_run


def test_each_closed_way_is_named_with_what_was_missing(tmp_path: Path) -> None:
    case = make_case(tmp_path / "case")
    seen, unseen = f"{SITE}/art/fox.png", f"{SITE}/art/owl.png"
    write_run(
        case,
        {
            "images": [
                image(seen, stored_as="images/fox.png", sha256="1" * 64),
                image(unseen, outcome="listed", sha256=None, md5=None, size=None),
            ],
            "image_refs": [
                reference("/", seen, alt="A red fox crossing the frozen lake", alt_state="text"),
                reference("/", unseen, 1, alt=None, alt_state="absent"),
            ],
        },
    )
    with pytest.raises(CaseError, match="nothing has been searched"):
        blind_spots(case)
    searched = [("laion5b", "laion2B-en"), ("datacomp", ""), ("mine", "")]
    for folder, names in (("matches", searched), ("similar", searched[:1])):
        (case.folder / folder).mkdir()
        datasets = [{"dataset": dataset, "edition": edition} for dataset, edition in names]
        (case.folder / folder / "summary.json").write_text(json.dumps({"datasets": datasets}))
    spots = blind_spots(case)
    fox, owl = (
        {(s.dataset, s.way): s.reason for s in spots if s.work_id == work}
        for work in sorted({s.work_id for s in spots}, key=lambda w: _loaded(w, spots))
    )
    assert ("laion5b", "embedding") not in fox
    assert fox["laion5b", "file_hash"] == "its rows have no hash of the file"
    assert fox["laion5b", "perceptual_hash"] == "its rows have no picture hash"
    assert ("datacomp", "file_hash") not in fox
    assert fox["mine", "file_hash"] == "not known whether its rows have hashes"
    assert fox["mine", "embedding"] == "not known whether vectors of it exist"
    assert ("laion5b", "text") not in fox
    assert owl["laion5b", "file_hash"] == "no file of the work was loaded"
    assert owl["laion5b", "embedding"] == "no picture file of the work was kept"
    assert owl["datacomp", "text"] == "the work has no text beside it"


def _loaded(work: str, spots: list) -> bool:  # type: ignore[type-arg]
    return any(s.work_id == work and "no file of the work" in s.reason for s in spots)
