-- Stems that are asked for, as the table of names writes them: the first seven letters, and all that
-- the table has of a name.
-- reads: asked_stems
-- columns: short, start
SELECT DISTINCT
    left(name, 7) AS short,
    left(name, 24) AS start
FROM (SELECT regexp_replace(stem, '[^\pL\pN._~-]+', '*', 'g') AS name FROM asked_stems)
ORDER BY short, start
