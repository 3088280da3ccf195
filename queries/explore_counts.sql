-- How many hosts and domains there are, and rows whose host cannot be read.
-- reads: explored_servers
-- columns: hosts, domains, unreadable
SELECT
    count(*) FILTER (host <> '') AS hosts,
    count(DISTINCT domain) FILTER (domain <> '') AS domains,
    CAST(coalesce(sum(rows) FILTER (host = ''), 0) AS BIGINT) AS unreadable
FROM explored_servers
