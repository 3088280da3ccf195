-- When earlier runs last got each of the addresses, and what they got the last time they asked.
-- reads: images, pages
-- columns: url, first_seen, last_seen, sha256, last_asked, last_status
WITH asked AS (
    SELECT
        image_url AS url,
        observed_at,
        run_id,
        outcome,
        status,
        sha256
    FROM images
    UNION ALL
    SELECT
        url,
        observed_at,
        run_id,
        outcome,
        status,
        sha256
    FROM pages
)

SELECT
    url,
    min(observed_at) FILTER (WHERE outcome = 'fetched' AND status BETWEEN 200 AND 299) AS first_seen,
    max(observed_at) FILTER (WHERE outcome = 'fetched' AND status BETWEEN 200 AND 299) AS last_seen,
    arg_max(sha256, (observed_at, run_id))
        FILTER (WHERE outcome = 'fetched' AND status BETWEEN 200 AND 299) AS sha256,
    max(observed_at) AS last_asked,
    arg_max(status, (observed_at, run_id)) AS last_status
FROM asked
WHERE
    outcome != 'listed'
    AND url IN (SELECT unnest(CAST(getvariable('urls') AS VARCHAR [])))
GROUP BY url
ORDER BY url
