-- Per scheme, host and port: pages read, images found, and how its robots.txt answered.
-- reads: current_pages, current_images, current_image_refs, current_site_files
-- columns: origin, pages, images, robots_outcome, robots_status, robots_reason, robots_size
WITH images AS (
    SELECT image_url FROM current_images
    UNION
    SELECT image_url FROM current_image_refs
),

found AS (
    SELECT lower(regexp_extract(url, '(?i)^https?://[^/?#]+')) AS origin, 1 AS page, 0 AS image
    FROM current_pages
    WHERE outcome = 'fetched' AND status BETWEEN 200 AND 299
    UNION ALL
    SELECT lower(regexp_extract(image_url, '(?i)^https?://[^/?#]+')) AS origin, 0, 1
    FROM images
    UNION ALL
    SELECT origin, 0, 0 FROM current_site_files
),

robots AS (
    SELECT
        origin,
        max_by(outcome, observed_at) AS robots_outcome,
        max_by(status, observed_at) AS robots_status,
        max_by(reason, observed_at) AS robots_reason,
        max_by(size, observed_at) AS robots_size
    FROM current_site_files
    WHERE kind = 'robots.txt'
    GROUP BY origin
)

SELECT
    found.origin,
    CAST(sum(found.page) AS BIGINT) AS pages,
    CAST(sum(found.image) AS BIGINT) AS images,
    any_value(robots.robots_outcome) AS robots_outcome,
    any_value(robots.robots_status) AS robots_status,
    any_value(robots.robots_reason) AS robots_reason,
    any_value(robots.robots_size) AS robots_size
FROM found
LEFT JOIN robots ON robots.origin = found.origin
WHERE found.origin <> ''
GROUP BY found.origin
ORDER BY
    pages DESC,
    images DESC,
    found.origin
