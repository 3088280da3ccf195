-- Rows whose file has the distinctive name of one of the artist's, on the artist's own domain or
-- elsewhere; elsewhere it weighs less the more rows have it, and nothing beyond `most_rows`.
-- reads: candidates, known_stems
-- columns: match_id, kind, image_url, detail, weight
SELECT
    candidates.match_id,
    CASE
        WHEN list_contains(known_stems.domains, candidates.domain) THEN 'stem_same_domain'
        ELSE 'stem_elsewhere'
    END AS kind,
    known_stems.image_url,
    candidates.stem AS detail,
    CASE
        WHEN list_contains(known_stems.domains, candidates.domain) THEN 1.0
        ELSE 1.0 / known_stems.rows_elsewhere
    END AS weight
FROM candidates
JOIN known_stems ON known_stems.stem = candidates.stem
WHERE
    list_contains(known_stems.domains, candidates.domain)
    -- None where the name was put together from folders: it tells on its own domain only.
    OR known_stems.rows_elsewhere BETWEEN 1 AND getvariable('most_rows')
ORDER BY candidates.match_id
