-- Every file that speaks for an origin, as last answered in the current runs.
-- reads: current_site_files
-- columns: origin, kind, url, final_url, outcome, reason, status, body, observed_at
SELECT
    origin,
    kind,
    url,
    final_url,
    outcome,
    reason,
    status,
    body,
    observed_at
FROM current_site_files
QUALIFY row_number() OVER (
    PARTITION BY url ORDER BY run_id DESC, observed_at DESC
) = 1
ORDER BY origin, kind, url
