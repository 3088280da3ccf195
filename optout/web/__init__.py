"""A case → a local page in four steps, for people who use no command line.

Everything it does is a call of the functions behind the commands; `engine` is the door to them.
"""
