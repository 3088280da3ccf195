-- Stems that are asked for, as the table of names writes them: the first seven letters, the part
-- that must be alike, and the longer one that must be where very many names begin so.
-- reads: asked_stems
-- columns: short, start, whole
SELECT DISTINCT
    left(name, 7) AS short,
    left(name, 12) AS start,
    left(name, 24) AS whole
FROM (SELECT regexp_replace(stem, '[^\pL\pN._~-]+', '*', 'g') AS name FROM asked_stems)
ORDER BY short, start, whole
