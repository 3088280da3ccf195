-- The hosts with most rows.
-- reads: explored_servers
-- columns: value, rows
SELECT
    host AS value,
    rows
FROM explored_servers
WHERE host <> ''
ORDER BY rows DESC, host
LIMIT getvariable('most')
