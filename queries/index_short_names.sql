-- Where the rows stand whose file names begin with one that is asked for and shorter than the
-- column that names are sorted by. It reads all of that column, so it runs only when there is one.
-- reads: names, asked_names
-- columns: pos
SELECT DISTINCT names.pos
FROM names
JOIN asked_names ON starts_with(names.name, asked_names.start)
WHERE length(asked_names.start) < 7
