-- Each image address of the current runs with the chain it was answered with, for verdicts.
-- Where several sources know an address, the one that asked for it is taken, then the latest.
-- reads: current_images, current_hops
-- columns: image_url, observed_at, reason, chain
WITH asked AS (
    SELECT *
    FROM current_images
    WHERE image_url ILIKE 'http%'  -- a list may also hold files of the artist
    QUALIFY row_number() OVER (
        PARTITION BY image_url ORDER BY outcome = 'listed', run_id DESC, observed_at DESC
    ) = 1
),

chains AS (
    SELECT
        url,
        run_id,
        list({'url': hop_url, 'status': status, 'headers': headers} ORDER BY hop) AS chain
    FROM current_hops
    WHERE subject = 'image'
    GROUP BY url, run_id
)

SELECT
    asked.image_url,
    asked.observed_at,
    CASE
        WHEN asked.outcome IN ('fetched', 'too_large') THEN NULL
        WHEN asked.outcome = 'listed' THEN 'it was not asked for'
        ELSE coalesce(asked.reason, asked.outcome)
    END AS reason,
    chains.chain
FROM asked
LEFT JOIN chains ON chains.url = asked.image_url AND chains.run_id = asked.run_id
ORDER BY asked.image_url
