-- Every page address of the current runs (or of all runs), in the order of their addresses.
-- reads: pages, runs
-- columns: run_id, source, observed_at, url, final_url, outcome, reason, status, hop_count, content_type, size, sha256, truncated, title, depth, found_on, robots_rule
SELECT
    run_id,
    source,
    observed_at,
    url,
    final_url,
    outcome,
    reason,
    status,
    hop_count,
    content_type,
    size,
    sha256,
    truncated,
    title,
    depth,
    found_on,
    robots_rule
FROM pages
WHERE getvariable('all_runs')
    OR run_id IN (SELECT max(run_id) FROM runs WHERE source <> 'capture' GROUP BY source)
ORDER BY url, run_id
