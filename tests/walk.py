"""A person who reads what each page says and clicks on what stands there: from a name to letters.

Nothing here knows an address, a class or an id of the page: only its words.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

See = Callable[[str], None]  # called with a name for each page that was reached

LONG = 120_000  # milliseconds for a check


class Walk:
    """The way through the page in one browser tab."""

    def __init__(self, tab: Any, see: See = lambda name: None) -> None:
        self.tab, self.see = tab, see

    def press(self, words: str) -> None:
        """Press the first button that says so."""
        self.tab.get_by_role("button", name=words, exact=True).first.click()

    def follow(self, words: str) -> None:
        """Follow the first link that says so."""
        self.tab.get_by_role("link", name=words, exact=True).first.click()

    def write(self, label: str, text: str) -> None:
        """Fill in the field with this label."""
        self.tab.get_by_label(label).first.fill(text)

    def reads(self, words: str, patience: int = 15_000) -> None:
        """Wait until the page says this."""
        self.tab.get_by_text(words).locator("visible=true").first.wait_for(timeout=patience)

    def introduce(self, name: str, contact: str) -> None:
        """Who are you."""
        self.reads("Your name, as it stands under your pictures")
        self.see("who")
        self.write("Your name, as it stands under your pictures", name)
        self.write("Contact for letters", contact)
        self.press("Save and go on")

    def places(self, site: str, dataset: Path) -> None:
        """Where is your work."""
        self.reads("Your websites")
        self.see("where")
        self.write("Your websites", site)
        self.write("Data sets to search", str(dataset))
        self.press("Save and go on")

    def start(self) -> None:
        """Check, until numbers move."""
        self.reads("What will be done")
        self.see("check")
        self.press("Start the check")
        self.reads("The check is running")
        self.reads("Pictures looked at", LONG)
        self.see("running")

    def stop_and_go_on(self) -> None:
        """Stop in the middle, look, go on."""
        self.press("Stop")
        self.reads("The check was stopped", LONG)
        self.see("stopped")
        self.press("Go on with the check")
        self.reads("The check is running")

    def results(self) -> None:
        """Wait for the end and see what was found."""
        self.tab.get_by_role("link", name="See the results").wait_for(timeout=LONG)
        self.see("done")
        self.follow("See the results")
        self.reads("rows of data sets are tied to you")
        self.see("results")

    def decide(self) -> None:
        """One from the list, several at once, one side by side, a whole host."""
        self.follow("Look at what waits for your word")
        self.reads("For the rows chosen on this page")
        self.follow("Show my picture")
        self.see("list")
        self.press("Mine")
        self.reads("you said: mine")
        for box in self.tab.get_by_role("checkbox").all()[1:3]:
            box.check()
        self.tab.get_by_text("For the rows chosen on this page").get_by_role(
            "button", name="Not mine"
        ).click()
        self.follow("Compare")
        self.reads("In the data set")
        self.see("compare")
        self.press("Mine")
        self.follow("Back to the list")
        self.follow("What was found")
        self.follow("By host")
        self.see("groups")
        self.press("I know this site")

    def told(self) -> None:
        """What crawlers are told, and a file to copy."""
        self.follow("What crawlers are told")
        self.reads("Who can find you")
        self.see("told")
        self.tab.get_by_text("Put this at").first.click()
        self.press("Copy")

    def letters(self) -> Path:
        """Write them anew, read one, save all; where the browser put them."""
        self.follow("Letters")
        self.reads("Choose destinations")
        self.press("Write the letters again")
        self.reads("Choose destinations")
        self.see("letters")
        self.follow("Read the letter to Common Crawl Foundation")
        self.reads("How to send it, and what to expect")
        self.see("letter")
        self.follow("Back to all letters")
        with self.tab.expect_download() as saved:
            self.press("Download the chosen ones (zip)")
        return Path(saved.value.path())

    def notice(self) -> None:
        """Another kind of request: a draft, its statements, the notice."""
        self.follow("What was found")
        self.follow("By host")
        row = self.tab.get_by_role("row").filter(has_text="media.pinwall.example")
        row.get_by_role("button", name="All mine").click()
        self.follow("Letters")
        self.tab.get_by_text("Notice under the Digital Services Act").last.click()
        self.tab.get_by_label("The host of a repost").locator("visible=true").last.check()
        self.tab.get_by_label("Language of the letters").select_option("Deutsch")
        self.press("Write the letters again")
        self.reads("This is no letter before")
        self.see("draft")
        self.tab.get_by_role("link", name="Read and make the statements").first.click()
        self.reads("Your statements")
        self.see("statement")
        for box in self.tab.get_by_role("checkbox").all():
            box.check()
        self.press("I state this; write the letter")
        self.reads("How to send it, and what to expect")
        self.see("notice")

    def proof(self) -> None:
        """The text for a site, and a look for it that finds nothing yet."""
        self.follow("Proof of control")
        self.see("proof")
        self.press("Make the text for 127.0.0.1")
        self.reads("This is the text")
        self.press("Look for it now on 127.0.0.1")
        self.reads("did not find it", 60_000)
        self.see("proof-wanted")

    def evidence(self) -> None:
        """A pack of one letter, watched, looked at, checked, saved."""
        self.follow("Evidence")
        self.tab.get_by_label("LAION e.V.").first.check()
        self.write("Who makes the pack", "Tuva Lindqvarn, at her desk")
        self.press("Make the pack")
        self.reads("A pack is being made")
        self.see("pack-running")
        self.reads("The pack is made.", LONG)
        self.see("pack-done")
        self.follow("Look at it")
        self.press("Check that nothing was changed")
        self.reads("none changed, missing or added")
        self.see("pack")
        with self.tab.expect_download():
            self.follow("Download (zip)")

    def follow_up(self) -> None:
        """A letter was sent, and refused with a reason."""
        self.follow("Follow-up")
        self.see("register")
        self.tab.get_by_role("row", name="LAION e.V.").first.get_by_role("link").click()
        for status, text in (("Sent", ""), ("Refused", "They name the research exception.")):
            self.tab.get_by_label("It is now").select_option(status)
            self.write("Their reason, or your note", text)
            self.press("Enter")
            self.tab.get_by_role("listitem").filter(has_text=status).first.wait_for()
        self.see("refused")
