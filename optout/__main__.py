"""Run as `python -m optout`."""

from optout.cli import main

raise SystemExit(main())
