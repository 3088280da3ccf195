-- robots.txt of each origin as last answered in the current runs.
-- reads: current_site_files
-- columns: origin, url, final_url, outcome, reason, status, body, observed_at, run_id
SELECT
    origin,
    url,
    final_url,
    outcome,
    reason,
    status,
    body,
    observed_at,
    run_id
FROM current_site_files
WHERE kind = 'robots.txt'
QUALIFY row_number() OVER (
    PARTITION BY origin ORDER BY run_id DESC, observed_at DESC
) = 1
ORDER BY origin
