-- Rows on a host that the artist declared (for the time of the data set's crawl).
-- reads: candidates
-- columns: match_id, kind, image_url, detail, weight
SELECT
    match_id,
    'declared_host' AS kind,
    CAST(NULL AS VARCHAR) AS image_url,
    declared AS detail,
    CAST(1 AS DOUBLE) AS weight
FROM candidates
WHERE declared IS NOT NULL
ORDER BY match_id
