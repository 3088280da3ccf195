-- Rows that carry the alternative text of one of the artist's pictures. The weight is one divided
-- by the number of rows that carry it; a text in more than `most_rows` rows proves nothing.
-- reads: candidates, known_texts
-- columns: match_id, kind, image_url, detail, weight
SELECT
    candidates.match_id,
    'alt_or_title' AS kind,
    known_texts.image_url,
    known_texts.alt AS detail,
    1.0 / known_texts.rows AS weight
FROM candidates
JOIN known_texts ON known_texts.text = candidates.text
WHERE known_texts.rows <= getvariable('most_rows')
ORDER BY candidates.match_id
