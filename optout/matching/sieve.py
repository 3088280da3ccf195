"""Batches of a data set's rows → the rows that may concern somebody: cheap, and nothing is lost.

What passes is looked at closely (look.py), which alone decides. So a row may pass in vain, but
none that ties to an artist may be held back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optout.matching.addresses import odd
from optout.matching.alike import Alike
from optout.matching.captions import Captions
from optout.matching.fast import fast
from optout.matching.starts import Starts, Text
from optout.matching.wanted import Wanted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Places = npt.NDArray[np.int64]


class Sieve:
    """The tables made of what is wanted; made once for all files."""

    def __init__(self, wanted: Wanted) -> None:
        import pyarrow as pa

        self.wanted = wanted
        self._fast = fast(wanted)
        self._addresses = Starts(wanted.addresses)
        self._captions = Captions(wanted) if wanted.captions else None
        self._hashes = pa.array(sorted(wanted.hashes), pa.string())
        self._alike = Alike(sorted(wanted.phashes))

    def passing(self, batch: pa.RecordBatch) -> Places:
        """Places in `batch` (columns of queries/searched.sql) of the rows to look at, in order.

        Rows without a web address are among them, to be counted.
        """
        import numpy as np

        urls = batch.column("url")
        if self.wanted.every_address:
            return np.arange(len(urls))
        found = self._by_address(Text.of(urls))
        if self._captions:
            found.append(self._captions.rows(batch.column("caption")))
        if len(self._hashes):
            found += [self._with_hash(batch.column(name)) for name in ("md5", "sha256")]
        if self._alike:
            found.append(self._alike.rows(batch.column("phash")))
        return np.unique(np.concatenate(found))

    def _by_address(self, text: Text) -> list[Places]:
        if self._fast is None:
            return [odd(text, self.wanted), self._addresses.texts(text)]
        if self._fast.knows_beginnings:
            return [self._fast.rows(text)]
        return [self._fast.rows(text), self._addresses.texts(text)]

    def _with_hash(self, column: pa.Array) -> Places:
        import numpy as np
        import pyarrow.compute as pc

        if column.null_count == len(column):
            return np.empty(0, np.int64)
        known = pc.is_in(column, value_set=self._hashes)
        return np.flatnonzero(known.to_numpy(zero_copy_only=False))
