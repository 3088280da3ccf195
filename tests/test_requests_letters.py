"""Letters: every destination and kind in three languages, their wording, mail, page and print."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from email.message import EmailMessage
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.policy import Reach
from crawler.render.browser import chromium
from optout.case import Case
from optout.cli import main
from optout.control import Proof, prove, token_of
from optout.control.looking import text_of
from optout.decisions import confirm, decisions
from optout.errors import CaseError, RequestError
from optout.requests import write_requests
from optout.requests.batches import batches
from optout.requests.declared import declarations, declare
from optout.requests.forms import content, form
from optout.requests.language import language, language_of, languages, problems
from optout.requests.letters import Letter, Occasion, letter
from optout.requests.mail import attached, draft
from optout.requests.plan import RequestList, enters
from optout.requests.recipients import Recipient, kinds, recipients, table
from optout.requests.sender import Sender
from optout.requests.signals import Fact
from optout.requests.wording import wording
from tests.conftest import Respond
from tests.request_case import CDN, SITE, crawled, every_kind, make_case, match, matched

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "requests" / "letters"
LANGUAGES = ("en", "de", "fr")

# Every letter there is: destination, kind.
LETTERS = [
    (recipient, kinds()[kind])
    for recipient in recipients().values()
    if recipient.files == "letter"
    for kind in recipient.kinds
]
IDS = [f"{recipient.id}.{kind.id}" for recipient, kind in LETTERS]

MIRA = Sender(
    name="Mira Solberg",
    contact="Studio Solberg, P.O. Box 12, 0123 Oslo, studio@mira.example",
    email="studio@mira.example",
    phone="+47 22 00 00 00",
    address="P.O. Box 12, 0123 Oslo, Norway",
    grounds="",
    society="ADAGP",
    member_no="4711",
)
FACTS = (
    Fact(CDN, "signal.image", (("name", "x-robots-tag"), ("value", "noai")), 2,
         "2026-10-02", "2026-11-20"),
    Fact(SITE, "signal.page", (("name", "meta robots"), ("value", "noai")), 1,
         "2026-10-02", "2026-11-20"),
    Fact(SITE, "signal.robots", (("agents", "CCBot"), ("line", "6"), ("raw", "Disallow: /")), 0,
         "2026-10-02", "2026-11-20"),
)  # fmt: skip
PROOFS = (
    Proof("www.mira.example", "file", f"{SITE}/.well-known/optout-proof-0123456789abcdef.txt",
          "2026-11-01T09:00:00+00:00", "2026-11-19T09:00:00+00:00", ""),
    Proof("images.mira.example", "DNS", "_optout-proof.images.mira.example",
          "2026-11-18T09:00:00+00:00", "2026-11-18T09:00:00+00:00", ""),
)  # fmt: skip
SOCIETIES = tuple(r for r in recipients().values() if r.society)


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A row as queries/request_rows.sql gives it."""
    extra = {"work_title": "Fox in the snow", "confirmed": True, "host": "repost.example"}
    return match(number, **fields) | extra


def asked_of(recipient: Recipient, kind: Any) -> RequestList:
    """Two entries and a domain for a destination, as far as it takes them."""
    host = "repost.example" if recipient.place else ""
    served = (recipient.hosts[0] if recipient.hosts else "").replace("*.", "www.")
    where = host or ("repost.example" if served in ("", "*") else served)
    rows = ()
    if recipient.copies:
        rows = (
            row(3, url=f"https://{where}/copies/fox.jpg"),
            row(4, url=f"https://{where}/f2.jpg"),
        )
    elif recipient.datasets:
        rows = (row(1), row(2, caption="„Fuchs“ & fox", image_url=None, page_url=None))
    domains = ("mira.example",) if "domains" in recipient.lists else ()
    return RequestList(recipient, kind, host, rows, domains)


def written(
    recipient: Recipient, kind: Any, code: str, by: Sender = MIRA, proofs: int = 1
) -> Letter:
    on = Occasion("mira", "2026-11-20", by, FACTS, SOCIETIES, PROOFS[:proofs])
    return letter(asked_of(recipient, kind), language(code), on)


# --------------------------------------------------------------------------------- golden files


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_letter_is_as_agreed(code: str) -> None:
    """Set OPTOUT_UPDATE_GOLDEN=1 to rewrite the files after a change that is meant."""
    made = {
        f"{recipient.id}.{kind.id}.txt": written(recipient, kind, code).text
        for recipient, kind in LETTERS
    }
    if os.environ.get("OPTOUT_UPDATE_GOLDEN") == "1":
        assert not os.environ.get("CI"), "golden files are not rewritten in CI"
        shutil.rmtree(GOLDEN / code, ignore_errors=True)
        (GOLDEN / code).mkdir(parents=True)
        for name, text in made.items():
            (GOLDEN / code / name).write_bytes(text.encode())
    there = {file.name: file.read_bytes().decode() for file in (GOLDEN / code).iterdir()}
    assert made == there


def test_a_letter_cites_the_last_proof_of_own_sites(
    tmp_path: Path, serve: Callable[[Respond], str]
) -> None:
    """Dated, in the letter's language; that of a host which is not the artist's stands nowhere."""
    now, files = datetime(2026, 11, 22, 9, 0, tzinfo=UTC), {"": b""}
    site = serve(lambda method, path, headers: (200, [], files.get(path, b"")))
    case = make_case(tmp_path / "case", sites=(f"{SITE}/",), hosts=("127.0.0.1",))
    crawled(case)
    matched(case, every_kind())
    write_requests(case)
    plain = (case.requests / "2026-11-20" / "laion" / "letter.txt").read_text("utf-8")
    token, _ = token_of(case, f"{site}/", now=now)
    place = f"/.well-known/optout-proof-{token[:16]}.txt"
    files[place] = text_of(token).encode()
    prove(case, f"{site}/", Reach(allow_private=True), now=now)
    for code, words in (
        ("en", "Control of 127.0.0.1 was shown on 2026-11-22"),
        ("de", "Dass 127.0.0.1 in meiner Hand liegt, ist am 2026-11-22"),
        ("fr", "La maîtrise de 127.0.0.1 a été montrée le 2026-11-22"),
    ):
        write_requests(case, language=code)
        for name in ("letter.txt", "letter.html"):
            text = (case.requests / "2026-11-20" / "laion" / name).read_text("utf-8")
            assert words in " ".join(text.split()) and f"{site}{place}" in text
    assert "Control of" not in plain
    other = make_case(tmp_path / "case", sites=(f"{SITE}/",), hosts=())
    write_requests(other)
    text = (case.requests / "2026-11-20" / "laion" / "letter.txt").read_text("utf-8")
    assert text == plain


def test_the_sentence_of_a_letter_is_that_of_the_command() -> None:
    laion, kind = recipients()["laion"], kinds()["courtesy_removal"]
    text = " ".join(written(laion, kind, "en", proofs=2).paragraphs)
    assert all(proof.sentence in text for proof in PROOFS)
    german = " ".join(written(laion, kind, "de", proofs=2).paragraphs)
    assert "im DNS-Eintrag _optout-proof.images.mira.example gezeigt" in german


def test_every_kind_and_role_has_a_letter() -> None:
    assert {kind.id for _, kind in LETTERS} == set(kinds()) == set(table("letters"))
    used = {(kind.id, recipient.role) for recipient, kind in LETTERS}
    assert used == {(kind, role) for kind, roles in table("letters").items() for role in roles}


# -------------------------------------------------------------------------------------- wording


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(("recipient", "kind"), LETTERS, ids=IDS)
def test_no_letter_says_what_its_kind_must_not(recipient: Recipient, kind: Any, code: str) -> None:
    text = (GOLDEN / code / f"{recipient.id}.{kind.id}.txt").read_text("utf-8")
    assert wording(text, kind.id, code) == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_mixed_kinds_are_found(code: str) -> None:
    """A letter judged as one of another kind: whatever differs in ground is refused."""
    groups = table("wording")["groups"].values()
    for first, second in product(kinds(), kinds()):
        if first == second or any(first in group and second in group for group in groups):
            continue
        recipient = next(r for r, kind in LETTERS if kind.id == first)
        text = written(recipient, kinds()[first], code).text
        assert wording(text, second, code), (first, second)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("en", "You have stolen my work."),
        ("en", "Your model was trained on it."),
        ("en", "It was used for training."),
        ("en", "You have violated my rights."),
        ("en", "This infringes my copyright."),
        ("en", "I claim damages of 900 EUR."),
        ("en", "Please answer within 14 days."),
        ("en", "OLG Hamburg held that training needs consent."),
        ("de", "Sie haben meine Bilder gestohlen."),
        ("de", "Ihr Modell wurde damit trainiert."),
        ("de", "Ich setze Ihnen eine Frist."),
        ("de", "Sonst werde ich Klage erheben."),
        ("de", "Das ist eine Rechtsverletzung."),
        ("fr", "Vous avez volé mes images."),
        ("fr", "Vos modèles ont été entraînés sur mes œuvres."),
        ("fr", "Il s’agit d’une contrefaçon."),
        ("fr", "Je saisirai le tribunal."),
    ],
)
def test_an_accusation_is_found(code: str, sentence: str) -> None:
    text = written(recipients()["laion"], kinds()["courtesy_removal"], code).text
    assert wording(text, "courtesy_removal", code) == []
    assert wording(text + sentence, "courtesy_removal", code)


LINE = st.text(max_size=60)


@settings(max_examples=40)
@given(
    by=st.builds(Sender, LINE, LINE, LINE, LINE, LINE, LINE, LINE, LINE),
    chosen=st.sampled_from(LETTERS),
    code=st.sampled_from(LANGUAGES),
)
def test_no_profile_makes_a_letter_accuse(by: Sender, chosen: Any, code: str) -> None:
    """Whatever the sender is called, the letter's own words stay what they are."""
    recipient, kind = chosen
    text = "\n".join(written(recipient, kind, code, by).paragraphs)
    found = [w for w in wording(text, kind.id, code) if not w.startswith("does not state")]
    assert found == []


# ------------------------------------------------------------------------------------ languages


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_languages_have_the_same_keys_and_names(code: str) -> None:
    assert problems(language(code).texts) == []


@pytest.mark.parametrize(("recipient", "kind"), LETTERS, ids=IDS)
def test_the_languages_have_the_same_structure(recipient: Recipient, kind: Any) -> None:
    shapes = set()
    for code in LANGUAGES:
        made = written(recipient, kind, code)
        soup = BeautifulSoup(made.html, "html.parser")
        shapes.add((len(made.paragraphs), tuple(tag.name for tag in soup.find_all(True))))
        assert soup.html and soup.html["lang"] == code
    assert len(shapes) == 1


def test_every_text_of_a_language_is_used() -> None:
    named = {
        entry.split()[0]
        for roles in table("letters").values()
        for entries in roles.values()
        for entry in entries
    }
    texts = {key.removeprefix("text.") for key in language("en").texts if key.startswith("text.")}
    assert texts == named


def test_no_french_sign_stands_alone_at_a_line_s_begin() -> None:
    for key, text in language("fr").texts.items():
        assert not re.search(r" [:;?!»]|« ", text), key


def invented(case: Case, code: str = "tlh", **changed: str) -> None:
    """A language that nobody has written, as a file of the case."""
    lines = []
    for key, text in language("en").texts.items():
        marked = re.sub(r"[a-z]{3,}(?![a-z_]*\})", lambda m: m[0].upper(), text)
        marked = re.sub(r"\$[A-Z_a-z]+", lambda m: m[0].lower(), marked)
        value = changed.get(key.replace(".", "_"), marked)
        lines.append(f'{key} = "{value}"' if value else "")
    (case.folder / "languages").mkdir(exist_ok=True)
    (case.folder / "languages" / f"{code}.toml").write_text("\n".join(lines), "utf-8")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    made = make_case(tmp_path / "case")
    crawled(made)
    matched(made, every_kind())
    return made


def test_a_language_is_added_by_a_file_alone(case: Case) -> None:
    invented(case)
    summary = write_requests(case, language="tlh")

    assert "tlh" in languages(case)
    text = (summary.folder / "laion" / "letter.txt").read_text("utf-8")
    assert "DEAR LAION TEAM," in text.upper()
    assert "I ASK YOU DROP" in text.upper().replace(" TO ", " ")
    assert "Dear LAION team" not in text
    assert '<html lang="tlh"' in (summary.folder / "laion" / "letter.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"letter_to": ""}, "letter.to is missing"),
        ({"text_shown_on_host": "no host named"}, "text.shown_on_host lacks $host"),
        ({"text_answer": "$secret"}, "text.answer does not know $secret"),
        ({"text_answer": "50 $"}, "text.answer has a $ that begins no name"),
    ],
)
def test_a_language_that_lacks_something_is_one_sentence(
    case: Case, changed: dict[str, str], said: str
) -> None:
    invented(case, **changed)
    with pytest.raises(RequestError, match=re.escape(said)):
        write_requests(case, language="tlh")


@pytest.mark.parametrize("code", ["xx", "../../etc/passwd", "en\0", ""])
def test_an_unknown_language_is_one_sentence(case: Case, code: str) -> None:
    with pytest.raises(RequestError, match="there are no letters in"):
        language_of(case, code)


def test_a_language_comes_from_the_option_else_the_recipient_else_the_case(case: Case) -> None:
    toml = case.folder / "optout.toml"
    text = toml.read_text("utf-8").replace("[artist]", '[artist]\nlanguage = "fr"')
    toml.write_text(text + '\n[recipients.hugging-face]\nlanguage = "de"\n', "utf-8")
    from optout.case import load_case

    case = load_case(case.folder)
    spoken = {p.destination_id: p.language for p in write_requests(case).written}
    assert spoken["laion"] == "fr"
    assert spoken["hugging-face"] == "de"
    assert {p.language for p in write_requests(case, language="en").written} == {"en"}


# ----------------------------------------------------------------- what the sender has to say


def test_a_takedown_stays_a_draft_until_declared(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    confirm(case, [f"m-{3:016x}"])
    base = ["requests", "--case", str(case.folder)]
    assert main([*base, "--to", "host:dmca_takedown"]) == 0
    folder = case.requests / "2026-11-20" / "host_dmca_takedown-repost.example"
    text = (folder / "DRAFT.txt").read_text("utf-8")

    assert "optout requests --declare host_dmca_takedown-repost.example" in text
    assert "penalty of perjury" in " ".join(text.split())
    assert "phone" in text
    assert not {"letter.txt", "letter.html", "mail.eml"} & {p.name for p in folder.iterdir()}
    assert "draft: read" in capsys.readouterr().err

    assert main([*base, "--to", "host:dmca_takedown", "--declare", "dmca_takedown"]) == 0
    letter_text = (folder / "letter.txt").read_text("utf-8")
    assert "Signature: /Mira Solberg/" in letter_text
    assert "[your telephone number]" in letter_text
    assert not (folder / "DRAFT.txt").exists()
    assert main(base) == 0  # what was declared stays chosen
    assert (folder / "letter.txt").read_text("utf-8") == letter_text


def test_a_statement_covers_the_entries_it_was_made_for(case: Case) -> None:
    rows = [*every_kind(), match(40, strength="same_image", evidence=["file_hash"],
            place="elsewhere", url="https://repost.example/two.jpg")]  # fmt: skip
    confirm(case, [f"m-{3:016x}"])
    name = "host_dsa_notice-repost.example"
    write_requests(case, to=["host:dsa_notice"], declare=[name])
    matched(case, rows)
    confirm(case, [f"m-{40:016x}"])
    summary = write_requests(case)

    place = next(p for p in summary.written if p.folder.name == name)
    assert place.draft
    text = (place.folder / "DRAFT.txt").read_text("utf-8")
    assert "The entries have changed since you made these statements" in text


def test_each_notice_needs_a_word_of_its_own(case: Case) -> None:
    confirm(case, [f"m-{n:016x}" for n in (3, 11)])
    with pytest.raises(RequestError, match="stands for 2 notices"):
        write_requests(case, to=["host:dsa_notice"], declare=["dsa_notice"])
    with pytest.raises(RequestError, match="no notice 'laion'"):
        write_requests(case, declare=["laion"])


def test_a_takedown_holds_only_copies_that_were_confirmed(case: Case) -> None:
    confirm(case, [f"m-{n:016x}" for n in (1, 3, 5, 6, 7)])
    summary = write_requests(case, to=["host:dmca_takedown", "host:dsa_notice", "google-search"])
    hosts = {p.host for p in summary.written if p.kind in ("dmca_takedown", "dsa_notice")}

    # 5 to 7 were confirmed, but a lead, a text or a likeness is no evidence of a copy.
    assert hosts == {"repost.example"}
    assert {p.rows for p in summary.written if p.kind == "search_delisting"} == {1}


def test_only_the_user_says_who_a_picture_shows(case: Case) -> None:
    summary = write_requests(case, shown_in=[f"m-{1:016x}"])
    gdpr = [p for p in summary.written if p.kind.startswith("gdpr")]

    assert [(p.destination_id, p.rows) for p in gdpr] == [("laion-gdpr", 1)]
    assert not [p for p in write_requests(case).written if p.kind.startswith("gdpr")]
    more = write_requests(case, shows_me=True, to=["laion-gdpr:gdpr_access"])
    assert {p.folder.name for p in more.written} >= {"laion-gdpr", "laion-gdpr_gdpr_access"}


def test_a_match_that_may_enter_nothing_shows_nobody(case: Case) -> None:
    with pytest.raises(RequestError, match="no match m-0000000000000006 may enter a request"):
        write_requests(case, shown_in=[f"m-{6:016x}"])


def test_a_declaration_stays_with_its_date(case: Case) -> None:
    name, now = "host_dsa_notice-repost.example", datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    confirm(case, [f"m-{3:016x}"])
    write_requests(case, to=["host:dsa_notice"], declare=[name], now=now)
    said = declarations(case)[name]

    assert (said.kind, said.declared_at) == ("dsa_notice", "2026-11-21T09:00:00+00:00")
    assert said.statements == "not_authorised dsa_good_faith"
    place = next(p for p in write_requests(case).written if p.folder.name == name)
    manifest = json.loads((place.folder / "manifest.json").read_text("ascii"))
    assert (manifest["draft"], manifest["declared_at"]) == (False, said.declared_at)
    with closing(sqlite3.connect(case.decisions)) as database:
        for change in ("DELETE FROM declaration", "UPDATE declaration SET covers = ''"):
            with pytest.raises(sqlite3.IntegrityError, match="only added"):
                database.execute(change)
    assert decisions(case)[f"m-{3:016x}"].verdict == "confirmed"


def test_nothing_is_declared_by_a_call_that_fails(case: Case) -> None:
    confirm(case, [f"m-{3:016x}"])
    with pytest.raises(RequestError, match="no letters in 'xx'"):
        write_requests(case, to=["host:dsa_notice"], declare=["dsa_notice"], language="xx")
    assert declarations(case) == {}


def test_a_declaration_is_made_before_any_decision(case: Case) -> None:
    assert declarations(case) == {}
    declare(case, "x", "dsa_notice", ["r-1"], ["dsa_good_faith"])
    assert decisions(case) == {}
    confirm(case, ["m-1"])
    assert set(declarations(case)) == {"x"}


def test_two_programs_declare_at_once(case: Case) -> None:
    code = (
        "import sys; from pathlib import Path; from optout.case import load_case; "
        "from optout.requests.declared import declare; case = load_case(Path(sys.argv[1]))\n"
        "for n in range(20): declare(case, f'{sys.argv[2]}{n}', 'dsa_notice', ['r'], ['s'])"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(case.folder), who], cwd=ROOT)
        for who in "ab"
    ]
    assert [one.wait(120) for one in both] == [0, 0]
    assert len(declarations(case)) == 40


def test_a_registry_gets_lists_and_no_letter(case: Case) -> None:
    folder = write_requests(case, to=["spawning"]).folder / "spawning"
    names = {path.name for path in folder.iterdir()}

    assert {"urls.txt", "domains.txt", "requests.csv"} <= names
    assert not {"letter.txt", "mail.eml"} & names
    assert "there is no letter" in (folder / "README.txt").read_text("utf-8")


def test_the_list_of_destinations_says_what_to_expect(
    case: Case, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["requests", "--case", str(case.folder), "--list", "--json"]) == 0
    there = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [one["destination_id"] for one in there] == list(recipients())
    assert {"name", "role", "kinds", "channel", "address", "by_default", "effect", "effect_note",
            "effect_source", "confidence", "checked", "publishes"} <= there[0].keys()  # fmt: skip
    assert main(["requests", "--case", str(case.folder), "--list"]) == 0
    out = capsys.readouterr().out
    assert "laion*: LAION e.V. · courtesy_removal · no known effect (https://laion.ai/faq" in out
    assert "contact please check" in out
    assert not case.requests.exists()


def test_a_complaint_needs_a_reservation_that_was_seen(tmp_path: Path, case: Case) -> None:
    bare = make_case(tmp_path / "bare")
    matched(bare, every_kind())
    left = {name: why for name, _, why in write_requests(bare, to=["openai-complaint"]).left_out}
    assert left["openai-complaint"].startswith("no reservation was seen on your hosts")

    folder = write_requests(case, to=["openai-complaint"]).folder / "openai-complaint"
    text = (folder / "letter.txt").read_text("utf-8")
    assert "[what you saw, on which day, and which proof you attach]" in text
    assert "first recorded 2026-10-02" in " ".join(text.split())
    assert "fill in what stands in [brackets]" in (folder / "README.txt").read_text("utf-8")


def test_the_strength_of_a_match_decides_what_it_may_enter() -> None:
    found = {
        kind: {
            n for n, one in enumerate(every_kind(), 1)
            if enters(one | {"confirmed": True}, kinds()[kind], shows_me=True)
        }
        for kind in kinds()
    }  # fmt: skip
    everything = set(range(1, 13))
    assert found["courtesy_removal"] == everything
    assert found["gdpr_erasure"] == everything
    assert found["dmca_takedown"] == found["dsa_notice"] == {3, 10, 11}
    assert found["ai_act_complaint"] == everything - {5, 6, 7}
    unconfirmed = [one | {"confirmed": False} for one in every_kind()]
    assert not [one for one in unconfirmed if enters(one, kinds()["dsa_notice"])]
    assert not [one for one in unconfirmed if enters(one, kinds()["gdpr_access"])]


def test_only_what_a_letter_needs_of_the_sender_is_printed() -> None:
    plain = written(recipients()["hugging-face"], kinds()["courtesy_removal"], "en").text
    takedown = written(recipients()["cloudflare"], kinds()["dmca_takedown"], "en").text
    for private in (MIRA.phone, MIRA.address):
        assert private not in plain
        assert private in takedown
    assert plain.count(MIRA.contact) == 2


# --------------------------------------------------------------------------- mail, form and page

BREAKS = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\r\n\0,;:<>@\"'\\\u2028\u202e\x85"), max_size=80
)


def parsed(raw: bytes) -> EmailMessage:
    made = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(made, EmailMessage)
    return made


@settings(max_examples=60)
@given(name=BREAKS, contact=BREAKS, mail=BREAKS, host=BREAKS)
def test_no_header_can_be_made_by_a_name(name: str, contact: str, mail: str, host: str) -> None:
    from optout.requests.sender import sender

    made = Case(Path(), "mira", created=date(2026, 1, 1), names=(name,), contact=contact,
                email=mail)  # fmt: skip
    asked = RequestList(recipients()["host"], kinds()["courtesy_removal"], "repost.example",
                        (row(3, caption=host),))  # fmt: skip
    one = letter(asked, language("de"), Occasion("mira", "2026-11-20", sender(made)))
    raw = draft(asked, one, {"requests.csv": b"a\r\n", "urls.txt": b"https://a.example/\n"})
    message = parsed(raw)

    assert {key.lower() for key in message} <= {
        "x-unsent", "from", "to", "subject", "mime-version", "content-type",
    }  # fmt: skip
    assert message["X-Unsent"] == "1"
    assert message["To"] is None
    assert [part.get_filename() for part in message.iter_attachments()] == [
        "requests.csv", "urls.txt",
    ]  # fmt: skip
    assert not message.defects


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize(("recipient", "kind"), LETTERS, ids=IDS)
def test_a_draft_reads_back_whole(recipient: Recipient, kind: Any, code: str) -> None:
    one = written(recipient, kind, code)
    lists = {"requests.csv": b"\xef\xbb\xbfa\r\n", "domains.txt": b"mira.example\n"}
    raw = draft(asked_of(recipient, kind), one, lists)
    message = parsed(raw)
    body = message.get_body(("plain",))

    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == one.text
    assert one.reference in message["Subject"]
    assert message["From"] == "Mira Solberg <studio@mira.example>"
    by_mail = recipient.channel == "mail" and recipient.address
    assert message["To"] == (recipient.address if by_mail else None)
    assert {p.get_filename(): p.get_payload(decode=True) for p in message.iter_attachments()} == (
        lists
    )
    assert raw == draft(asked_of(recipient, kind), one, lists)
    assert max(map(len, raw.split(b"\r\n"))) <= 998  # RFC 5322, 2.1.1
    assert raw.isascii()


def test_what_is_too_large_for_a_mail_is_named() -> None:
    large = {"requests.csv": bytes(11 << 20), "urls.txt": b"x", "letter.txt": b"y"}
    assert attached(large) == (["urls.txt"], ["requests.csv"])


@pytest.mark.parametrize("length", [0, 1, 60, 300, 5000])
def test_no_field_of_a_form_is_longer_than_its_cap(length: int) -> None:
    by = Sender(*["n" * length] * 8)
    for recipient, kind in LETTERS:
        if not recipient.form:
            continue
        rows = tuple(row(n, url=f"https://repost.example/{n}", image_url="i" * length + str(n))
                     for n in range(40))  # fmt: skip
        asked = RequestList(recipient, kind, rows=rows)
        one = letter(asked, language("fr"), Occasion("mira", "2026-11-20", by))
        for batch in batches(recipient, rows):
            assert "\n--- " in form(recipient, one, batch)
            for field in recipient.form:
                assert field.most is None or len(content(field, one, batch)) <= field.most


@pytest.mark.chromium
@pytest.mark.parametrize("code", LANGUAGES)
def test_a_letter_prints_to_a_clean_pdf(tmp_path: Path, code: str) -> None:
    browser = chromium()
    if browser is None:
        pytest.skip("no Chromium on this machine")
    page, printed = tmp_path / "letter.html", tmp_path / "letter.pdf"
    page.write_text(written(recipients()["laion"], kinds()["courtesy_removal"], code).html, "utf-8")
    subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
         f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={printed}", page.as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    raw = printed.read_bytes()

    assert raw.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", raw)) == 2  # the letter, and its annex
    assert re.search(rb"/MediaBox\s*\[0 0 59\d(\.\d+)? 84\d(\.\d+)?\]", raw)  # A4
    assert b"/URI" not in raw  # addresses are text


# ------------------------------------------------------------------------------- own recipients


def own(case: Case, text: str, name: str = "recipients.toml") -> None:
    with (case.folder / name).open("a", encoding="utf-8") as file:
        file.write("\n" + text)


def test_a_case_adds_and_changes_destinations(case: Case) -> None:
    own(case, '[recipients.laion]\naddress = "https://laion.example/new"\n', "optout.toml")
    own(case, '[agency]\nname = "Agency"\nkinds = ["courtesy_removal"]\naddress = '
              '"help@agency.example"\nhosts = ["agency.example"]\nlanguage = "de"\n')  # fmt: skip
    summary = write_requests(case, to=["agency"])
    texts = {p.folder.name: (p.folder / "letter.txt").read_text("utf-8") for p in summary.written}

    assert "https://laion.example/new" in texts["laion"]
    assert "Per E-Mail: help@agency.example" in texts["agency"]
    assert "host-agency.example" not in texts  # the destination for this very host is asked
    assert "please check" in (summary.folder / "agency" / "README.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[laion]\nadress = "https://a.example"', '"adress", which is no key'),
        ('[laion]\naddress = "javascript:alert(1)"', "must be an e-mail address or begin with"),
        ('[laion]\naddress = "http://a.example"', "must be an e-mail address or begin with"),
        ("[laion]\nbatch_cap = 0", "must be a number above 0"),
        ("[laion]\nbatch_cap = true", "must be a number above 0"),
        ('[laion]\neffect = "always"', "must be one of: usually acted on"),
        ('[laion]\nkinds = ["gdpr"]', "must be a list of some of: courtesy_removal"),
        ('[laion]\nkinds = ["dmca_takedown"]', "a data set of links holds none"),
        ('[new]\nname = "x"', '"kinds" is missing'),
        ('[new]\nkinds = ["dsa_notice"]', '"name" is missing'),
        ('["../x"]\nname = "x"', "is no name of a destination"),
        ("laion = 3", "is no name of a destination"),
        ('[host]\naddress = "https://a.example"', "the channel is mail"),
        ('[common-crawl]\nrole = "maker"', "there is no tdm_reservation_notice for the role"),
        ("[laion]\npublishes_sender = true", '"publishes_note" is missing'),
        ('[laion]\nform = [{ label = "x", holds = "password" }]', "must be a list of"),
        ("[laion", "is not valid TOML"),
    ],
)
def test_a_wrong_entry_is_one_sentence(case: Case, text: str, said: str) -> None:
    own(case, text)
    with pytest.raises(CaseError, match=re.escape(said)):
        write_requests(case)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("laoin", "there is no destination 'laoin'"),
        ("laion:dmca_takedown", "takes no dmca_takedown"),
        ("adagp", "nothing to prepare"),
        ("copytrack", "nothing to prepare"),
    ],
)
def test_a_destination_that_does_not_fit_is_one_sentence(case: Case, to: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        write_requests(case, to=[to])


@pytest.mark.parametrize(
    "to", [r.id for r in recipients().values() if r.files != "none" and r.kinds]
)
def test_every_destination_can_be_chosen(case: Case, to: str) -> None:
    summary = write_requests(case, shows_me=True, to=[to])
    named = {p.destination_id for p in summary.written} | {left[0] for left in summary.left_out}
    assert to in named
