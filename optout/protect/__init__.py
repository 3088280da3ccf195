"""What a site says today → the smallest set of changes that reserves rights and keeps search.

Everything is written into a folder; nothing is sent, uploaded or changed anywhere else.
"""
