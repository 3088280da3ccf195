-- Rows on a host that the artist declared (for the time of the data set's crawl), or in an
-- account that the artist named.
-- reads: candidates
-- columns: match_id, kind, image_url, detail, weight
SELECT
    match_id,
    CASE WHEN on_account THEN 'declared_account' ELSE 'declared_host' END AS kind,
    CAST(NULL AS VARCHAR) AS image_url,
    declared AS detail,
    CAST(1 AS DOUBLE) AS weight
FROM candidates
WHERE declared IS NOT NULL
ORDER BY match_id
