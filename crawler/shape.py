"""One mention of an image → could a LAION-type pipeline have captured it?"""

from __future__ import annotations

_REFUSED = (".svg", ".gif", "data:image", "javascript:")  # anywhere in the address


def laion_shape(tag: str, attribute: str, raw: str, alt: str | None) -> tuple[bool, str | None]:
    """Could a LAION-type pipeline have captured this mention, and if not, why not?

    The rule of the public LAION-5B worker (rvencu/crawlingathome-gpu-hcloud, ccpp.py, 2022):
    an img whose src is absolute in the HTML, an alt of at least 5 characters, and an address
    without .svg, .gif or data:image.
    """
    if tag != "img" or attribute != "src":
        return False, f"written in {tag}[{attribute}], not in img[src]"
    if not raw.strip()[:8].lower().startswith(("http://", "https://")):
        return False, "the address is relative"
    if alt is None or len(alt.strip()) < 5:
        return False, "the alt text has fewer than 5 characters"
    for part in _REFUSED:
        if part in raw:
            return False, f"the address contains {part}"
    return True, None
