-- Every capture of a robots.txt with its bytes, those of another capture where the index gives
-- both the same digest.
-- reads: site_files
-- columns: origin, url, captured_at, status, sha256, body
WITH kept AS (
    SELECT
        origin,
        url,
        observed_at,
        status,
        sha256,
        body
    FROM site_files
    WHERE source = 'capture' AND kind = 'robots.txt' AND outcome IN ('fetched', 'listed')
),

bodies AS (
    SELECT
        sha256,
        any_value(body) AS body
    FROM kept
    WHERE body IS NOT NULL
    GROUP BY sha256
)

SELECT DISTINCT
    kept.origin,
    kept.url,
    kept.observed_at AS captured_at,
    kept.status,
    kept.sha256,
    coalesce(kept.body, bodies.body) AS body
FROM kept
LEFT JOIN bodies ON bodies.sha256 = kept.sha256
ORDER BY
    kept.origin,
    captured_at,
    kept.url,
    kept.sha256
