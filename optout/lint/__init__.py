"""What a case saw of its sites → the traps in what they say to crawlers, each with its fix.

checks.toml holds the words of every check; one small function each finds it, in the modules
that table.py lists, one a family.
Nothing is fetched here.
"""
