"""Listed addresses asked for again: what they serve today, held to the artist's own pictures.

A case's matches → looked_at/ (answers.jsonl, compared.jsonl, files/, comparisons.parquet), and the
matches with what was seen. Needs the extra `vision`.
"""

from __future__ import annotations
