-- Hosts and registered domains of all rows, from the servers as written in their addresses.
-- reads: explored
-- columns: host, domain, rows
WITH servers AS (
    SELECT
        value,
        sum(rows) AS rows
    FROM explored
    WHERE what = 'server' AND value NOT IN ('/null', '/odd')
    GROUP BY value
),

named AS (
    SELECT
        server_host(value) AS host,
        rows
    FROM servers
)

SELECT
    host,
    server_domain(host) AS domain,
    CAST(sum(rows) AS BIGINT) AS rows
FROM named
GROUP BY host
