-- Hosts that gave images of the sites in one of two crawls and not in the other.
-- reads: images
-- columns: change, host, images
WITH given AS (
    SELECT DISTINCT
        run_id,
        image_url,
        regexp_extract(lower(image_url), '^https?://(?:[^/?#]*@)?(\[[^\]]*\]|[^/:?#]+)', 1) AS host
    FROM images
    WHERE
        outcome = 'fetched' AND status BETWEEN 200 AND 299
        AND run_id IN (getvariable('run_id'), getvariable('previous_id'))
),

hosts AS (
    SELECT
        host,
        count(*) FILTER (WHERE run_id = getvariable('previous_id')) AS before,
        count(*) FILTER (WHERE run_id = getvariable('run_id')) AS after
    FROM given
    WHERE host != ''
    GROUP BY host
)

SELECT
    CASE WHEN before = 0 THEN 'new' ELSE 'gone' END AS change,
    host,
    before + after AS images
FROM hosts
WHERE before = 0 OR after = 0
ORDER BY change DESC, host
