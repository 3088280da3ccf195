"""A members file → one case per member, steps for all of them, numbers that name nobody."""
