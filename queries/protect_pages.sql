-- Pages of the artist's sites that answered, by address.
-- reads: current_pages
-- columns: url
SELECT DISTINCT coalesce(final_url, url) AS url
FROM current_pages
WHERE outcome = 'fetched' AND status BETWEEN 200 AND 299
ORDER BY url
