-- Hosts by the rows that are gone and new, most rows of both together first.
-- reads: differences
-- columns: host, gone, new
WITH servers AS (
    SELECT
        server,
        count(*) FILTER (change = 'gone') AS gone,
        count(*) FILTER (change = 'new') AS new
    FROM differences
    GROUP BY server
),

named AS (
    SELECT
        server_host(server) AS host,
        gone,
        new
    FROM servers
)

SELECT
    host,
    CAST(sum(gone) AS BIGINT) AS gone,
    CAST(sum(new) AS BIGINT) AS new
FROM named
GROUP BY host
ORDER BY sum(gone) + sum(new) DESC, host
LIMIT getvariable('most')
