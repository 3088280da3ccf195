-- Addresses of pages of the current runs, read or not.
-- reads: current_pages
-- columns: url
SELECT DISTINCT url
FROM current_pages
WHERE url ILIKE 'http%'
ORDER BY url
