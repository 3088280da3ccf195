-- Site files other than robots.txt that are there already, so that none is put in their place.
-- A page that answers where a file is not ("not found" with status 200) is none.
-- reads: current_site_files
-- columns: origin, kind, url
SELECT DISTINCT
    origin,
    kind,
    url
FROM current_site_files
WHERE kind <> 'robots.txt'
    AND outcome = 'fetched'
    AND status BETWEEN 200 AND 299
    AND coalesce(content_type, '') NOT ILIKE '%html%'
ORDER BY
    origin,
    kind,
    url
