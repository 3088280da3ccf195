"""How a parser of robots.txt departs from RFC 9309 → a record that `robots_txt.parse` follows."""

from __future__ import annotations

from dataclasses import dataclass

RFC = "RFC 9309"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to read robots.txt. The defaults are the letter of the RFC."""

    name: str = RFC
    clause: str = ""  # what to cite instead of the RFC's sections
    # (beginning of a key, lower-case; what it means). Without any, keys are the RFC's own words.
    keys: tuple[tuple[str, str], ...] = ()
    colon_optional: bool = False  # "disallow /" is read where a line has just two words
    line_octets: int = 0  # what is read of a line; 0: all of it
    ends_line_at_nul: bool = False
    star_takes_text: bool = False  # "* text" names everybody too
    index_pages: bool = False  # "Allow: /a/index.html" allows "/a/" as well
    decodes_unreserved: bool = True  # "%62" is "b" (2.2.2)
    merges_stars: bool = True  # "**" counts as one octet of a pattern's length
    own_file_allowed: bool = True  # /robots.txt itself (2.2.2)
    error_statuses: tuple[int, ...] = ()  # below 500, yet read as a server error
    open_when_unreachable: bool = False  # a server error forbids nothing

    def cite(self, section: str) -> str:
        """Where it is written.

        >>> STRICT.cite("2.2.2"), Dialect("x", "x.c").cite("2.2.2")
        ('RFC 9309 2.2.2', 'x.c')
        """
        return self.clause or f"{RFC} {section}"


STRICT = Dialect()
