"""optout: which images are listed in LAION-family data sets, what sites tell crawlers, whom to ask.

Importing this package is light: DuckDB, PyArrow and Scrapy load when first needed.
"""

from optout.case import Case, DeclaredHost, create_case, load_case
from optout.errors import OptoutError

__version__ = "0.1.0"

__all__ = ["Case", "DeclaredHost", "OptoutError", "create_case", "load_case"]
