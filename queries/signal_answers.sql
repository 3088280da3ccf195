-- The answers of pages that carry header lines about their use, those alone, by address.
-- reads: current_hops
-- columns: url, status, headers, observed_at
WITH said AS (
    SELECT
        hop_url AS url,
        status,
        list_filter(
            headers,
            lambda line: lower(line.name) IN (
                'x-robots-tag', 'tdm-reservation', 'tdm-policy', 'content-usage', 'content-type'
            )
        ) AS headers,
        observed_at
    FROM current_hops
    WHERE subject = 'page' AND status BETWEEN 200 AND 299 AND hop_url ILIKE 'http%'
)

SELECT
    url,
    status,
    headers,
    observed_at
FROM said
WHERE len(list_filter(headers, lambda line: lower(line.name) <> 'content-type')) > 0
QUALIFY row_number() OVER (PARTITION BY url ORDER BY observed_at DESC) = 1
ORDER BY url
