"""Picture files → copies that carry the PLUS Data Mining tag, pixels and everything else unchanged.

The tag is inserted into the file's container; no picture is decoded and encoded again. Then the
copy is opened anew by other code, its tag read and its pixels compared.
"""

from optout.protect.tagging.folder import Tagged, tag_folder
from optout.protect.tagging.values import DEFAULT, VALUES

__all__ = ["DEFAULT", "VALUES", "Tagged", "tag_folder"]
