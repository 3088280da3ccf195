-- robots.txt of each origin as the latest runs read it, with first and last sight of these bytes.
-- reads: current_site_files, site_files
-- columns: origin, status, body, first_seen, last_seen
WITH latest AS (
    SELECT
        origin,
        status,
        sha256,
        body
    FROM current_site_files
    WHERE kind = 'robots.txt' AND outcome = 'fetched'
    QUALIFY row_number() OVER (
        PARTITION BY origin ORDER BY run_id DESC, observed_at DESC
    ) = 1
)

SELECT
    latest.origin,
    latest.status,
    latest.body,
    strftime(min(site_files.observed_at), '%Y-%m-%d') AS first_seen,
    strftime(max(site_files.observed_at), '%Y-%m-%d') AS last_seen
FROM latest
INNER JOIN site_files
    ON site_files.origin = latest.origin
    AND site_files.sha256 IS NOT DISTINCT FROM latest.sha256
    AND site_files.kind = 'robots.txt'
    AND site_files.outcome = 'fetched'
    AND site_files.source <> 'capture'
GROUP BY ALL
ORDER BY latest.origin
