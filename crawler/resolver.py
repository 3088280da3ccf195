"""DNS answers → addresses that may be reached. Checked at connection time: a name may point
anywhere, and somewhere else a moment later."""

from __future__ import annotations

from typing import Any, ClassVar

from scrapy.resolver import CachingThreadedResolver
from twisted.internet import defer
from twisted.internet.error import DNSLookupError

from crawler.policy import Reach, address_refusal


class PolicyResolver(CachingThreadedResolver):
    """Scrapy's resolver, refusing addresses the fetch policy refuses.

    The connection goes to the very address that was checked. `reach` and `refused` are set by
    the run: Scrapy makes the resolver itself and passes nothing along.
    """

    reach: ClassVar[Reach] = Reach()
    refused: ClassVar[dict[str, str]] = {}

    def getHostByName(self, name: str, timeout: Any = ()) -> Any:
        answer = super().getHostByName(name, timeout)
        answer.addCallback(self._check, name)
        return answer

    def _check(self, address: str, name: str) -> Any:
        reason = address_refusal(name, address, self.reach)
        if reason is None:
            return address
        self.refused[name] = reason
        return defer.fail(DNSLookupError(reason))
