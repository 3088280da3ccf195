"""Two editions, or two searches of a case → rows gone, rows new, hosts changed."""
