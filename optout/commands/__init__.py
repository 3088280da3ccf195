"""One module per command of `optout`; each defines `command`. Heavy imports stay inside it."""
