"""A case folder → report.html: one self-contained page that works offline and prints.

Each headline number stands in an element with `data-fact="<name>"` and `data-value="<number>"`,
each name once in a page. The names:

pages_fetched, pages_not_fetched        pages read; pages known and not read, whatever the reason
images_found, images_fetched            distinct image addresses; those that answered with one
images_furniture                        of them icons and spacers, which are not looked for
images_in_shape, images_not_in_shape    images a LAION-type pipeline could have captured, or not
images_new, images_gone, images_changed since the crawl before: by address, and by file
signals_new, signals_gone               since then: lines that speak to crawlers
datasets_searched, files_searched       editions and files read by the last match
rows_searched, rows_skipped             their rows; rows with no address where one should be
rows_without_url                        rows whose address is empty
matches_<strength>                      rows found, one number per strength (optout/tables.py)
matches_rejected, matches_waiting       left out by the user's word; not used without it
contradictions                          rows found with something that does not fit
images_searched, images_not_listed      images looked for; those that no row found names
images_not_listed_outside               of these, how many could not have been captured
images_allowed_<reader>, images_disallowed_<reader>, images_unknown_<reader>
                                        images by verdict, for each reader of readers.toml
looked_<verdict>                        rows by what their address served at the last look
request_destinations                    destinations for which lists were written

A number that does not apply (rows_skipped when none was) has no element.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.whole import write_whole

if TYPE_CHECKING:
    from optout.case import Case


def write_report(case: Case, *, thumbnails: bool = False) -> Path:
    """Write `case`/report.html and return its path; an earlier one is replaced as a whole.

    `thumbnails` adds small pictures made from image files that the crawl kept. The same case
    gives the same bytes. Raises CaseError where the folder is damaged, OSError for a full disk.
    """
    from optout.report.gather import gather
    from optout.report.looked import compare_pictures
    from optout.report.pictures import pictures
    from optout.report.render import render

    report = gather(case)
    if thumbnails:
        report = replace(report, thumbnails=pictures(case, report.works.rows))
    if report.looked:
        shown = report.looked.copies.rows
        report = replace(report, compare_pictures=compare_pictures(case, shown))
    write_whole(case.report, render(report))
    return case.report
