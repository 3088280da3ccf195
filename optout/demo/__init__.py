"""A small invented artist's site and data set, so that the whole road can be tried offline.

`server` serves site/ on loopback, `dataset` writes the data set with the rows of planted.toml,
`pictures` once made the pictures of site/ (they are shipped, so their bytes never change).
"""
