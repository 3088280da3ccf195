-- The registered domains with most rows; private suffixes count, so artist.tumblr.com is one.
-- reads: explored_servers
-- columns: value, rows
SELECT
    domain AS value,
    CAST(sum(rows) AS BIGINT) AS rows
FROM explored_servers
WHERE domain <> ''
GROUP BY domain
ORDER BY rows DESC, domain
LIMIT getvariable('most')
