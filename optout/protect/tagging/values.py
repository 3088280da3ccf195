"""The values of plus:DataMining, as a person names them on the command line."""

from __future__ import annotations

NAMESPACE = "http://ns.useplus.org/ldf/xmp/1.0/"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"

# PLUS Licensed Data Format, Data Mining vocabulary. Only those that reserve something; the ones
# that point to other fields need these to be filled in as well.
VALUES = {
    "except-search": "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    "ai-training": "DMI-PROHIBITED-AIMLTRAINING",
    "generative-ai-training": "DMI-PROHIBITED-GENAIMLTRAINING",
    "all": "DMI-PROHIBITED",
}
# The widest reservation that leaves search alone: it covers gathering into data sets, which is
# mining and not yet training, and the two values for training do not.
DEFAULT = "except-search"


def uri(name: str) -> str:
    """The value as it stands in a file.

    >>> uri("ai-training")
    'http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING'
    """
    return VOCABULARY + VALUES[name]


class FileProblem(Exception):
    """Why one file gets no copy: a clause for "NAME: …". The other files go on."""
