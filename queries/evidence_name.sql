-- Rows whose text holds the artist's name.
-- reads: candidates
-- columns: match_id, kind, image_url, detail, weight
SELECT
    match_id,
    'artist_name' AS kind,
    CAST(NULL AS VARCHAR) AS image_url,
    name AS detail,
    CAST(1 AS DOUBLE) AS weight
FROM candidates
WHERE name IS NOT NULL
ORDER BY match_id
