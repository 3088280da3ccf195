-- The metas of the current runs that can carry a signal.
-- reads: current_metas
-- columns: page_url, position, name, content, raw, in_head, observed_at
SELECT
    page_url,
    position,
    coalesce(name, '') AS name,
    coalesce(content, '') AS content,
    coalesce(raw, '') AS raw,
    coalesce(in_head, TRUE) AS in_head,
    observed_at
FROM current_metas
WHERE page_url ILIKE 'http%'
ORDER BY
    page_url,
    position,
    run_id
