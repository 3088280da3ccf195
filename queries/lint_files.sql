-- robots.txt and the other files of every origin, as last answered in the current runs.
-- reads: current_site_files
-- columns: origin, kind, url, final_url, outcome, reason, status, content_type, size, truncated, body, found_on
SELECT
    origin,
    kind,
    url,
    final_url,
    outcome,
    reason,
    status,
    content_type,
    size,
    truncated,
    body,
    found_on
FROM current_site_files
WHERE url ILIKE 'http%'
QUALIFY row_number() OVER (
    PARTITION BY kind, url ORDER BY run_id DESC, observed_at DESC
) = 1
ORDER BY
    origin,
    kind,
    url
