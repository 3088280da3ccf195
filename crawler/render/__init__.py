"""A page whose images only scripts put there → its images, as a browser without network meets them.

The browser gets nothing by itself: every address a page asks for goes through the crawl's own
frontier, under the same robots.txt rules, pace, limits and address checks as all else, and the
answer is handed to it. Needs the extra `browser` and a Chromium on the machine.
"""

MODES = ("always", "auto", "never")  # which pages are shown to a browser after the static pass
