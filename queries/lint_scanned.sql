-- When each origin was last asked for anything in the current runs; '' is the latest of all.
-- reads: current_hops, current_site_files, current_pages
-- columns: origin, observed_at
WITH asked AS (
    SELECT hop_url AS url, observed_at
    FROM current_hops
    UNION ALL
    SELECT url, observed_at
    FROM current_site_files
    UNION ALL
    SELECT url, observed_at
    FROM current_pages
),

by_origin AS (
    SELECT regexp_extract(url, '^[a-zA-Z]+://[^/?#]*') AS origin, observed_at
    FROM asked
)

SELECT origin, max(observed_at) AS observed_at
FROM by_origin
WHERE origin <> ''
GROUP BY origin
UNION ALL
SELECT '' AS origin, max(observed_at) AS observed_at
FROM by_origin
HAVING max(observed_at) IS NOT NULL
ORDER BY origin
