-- Names of the signals that the current runs of a case met: header lines, metas, files of a site
-- that answered with a file. robots.txt counts apart, by its lines.
-- reads: current_hops, current_metas, current_site_files
-- columns: signal
WITH header_lines AS (
    SELECT unnest(headers) AS header
    FROM current_hops
)

SELECT lower(header.name) AS signal
FROM header_lines
WHERE lower(header.name) IN (
    'x-robots-tag', 'robots-tag', 'tdm-reservation', 'tdm-policy', 'content-usage',
    'content-signal', 'content-signals'
)
UNION
SELECT 'meta ' || name AS signal
FROM current_metas
UNION
SELECT kind AS signal
FROM current_site_files
WHERE
    kind <> 'robots.txt'
    AND outcome = 'fetched'
    AND status BETWEEN 200 AND 299
    AND NOT coalesce(contains(lower(content_type), 'html'), FALSE)
ORDER BY signal
