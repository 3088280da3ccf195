-- Rows by the values of one column, most first; hosts have queries of their own.
-- reads: explored
-- columns: what, value, rows
SELECT
    what,
    value,
    CAST(sum(rows) AS BIGINT) AS rows
FROM explored
WHERE what <> 'server' OR value IN ('/null', '/odd')
GROUP BY what, value
QUALIFY what NOT IN ('language', 'names')
    OR row_number() OVER (PARTITION BY what ORDER BY sum(rows) DESC, value) <= 100000
ORDER BY what, rows DESC, value
