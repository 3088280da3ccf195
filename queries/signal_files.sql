-- Files beside robots.txt and licence documents, each as last answered in the current runs.
-- reads: current_site_files
-- columns: origin, kind, url, outcome, reason, status, content_type, body, found_on, observed_at
SELECT
    origin,
    kind,
    url,
    outcome,
    reason,
    status,
    content_type,
    body,
    found_on,
    observed_at
FROM current_site_files
WHERE kind <> 'robots.txt'
QUALIFY row_number() OVER (
    PARTITION BY kind, url ORDER BY run_id DESC, observed_at DESC
) = 1
ORDER BY origin, kind, url
