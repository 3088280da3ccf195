-- The chain of answers to every page and image of the current runs; of the header lines those
-- that say something to crawlers.
-- reads: current_hops
-- columns: subject, url, chain, observed_at
WITH chains AS (
    SELECT
        subject,
        url,
        run_id,
        max(observed_at) AS observed_at,
        list(
            {
                'url': hop_url,
                'status': status,
                'headers': list_filter(
                    headers,
                    lambda line: lower(line.name) IN (
                        'x-robots-tag', 'robots-tag', 'tdm-reservation', 'tdm-policy',
                        'content-usage', 'content-signal', 'content-signals', 'crawler-price',
                        'location', 'content-type', 'link'
                    )
                )
            }
            ORDER BY hop
        ) AS chain
    FROM current_hops
    WHERE subject IN ('page', 'image') AND hop_url ILIKE 'http%'
    GROUP BY
        subject,
        url,
        run_id
)

SELECT
    subject,
    url,
    chain,
    observed_at
FROM chains
QUALIFY row_number() OVER (
    PARTITION BY subject, url ORDER BY run_id DESC, observed_at DESC
) = 1
ORDER BY
    subject DESC,
    url
