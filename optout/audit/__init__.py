"""A list of image addresses → what every reader makes of every row, for builders of data sets."""
