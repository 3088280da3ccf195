-- What one run of captures holds: one row.
-- reads: pages, site_files, image_refs, images
-- columns: pages, page_captures, first_page, last_page, robots_captures, robots_texts, first_robots, last_robots, images, images_lost
WITH kept AS (
    SELECT * FROM pages
    WHERE run_id = getvariable('run_id') AND outcome IN ('fetched', 'listed')
),

robots AS (
    SELECT * FROM site_files
    WHERE run_id = getvariable('run_id') AND outcome IN ('fetched', 'listed')
),

shown AS (
    SELECT DISTINCT image_url
    FROM image_refs
    WHERE
        run_id = getvariable('run_id')
        AND image_url IS NOT NULL
        AND NOT coalesce(furniture, FALSE)
),

elsewhere AS (
    SELECT image_url FROM image_refs WHERE source <> 'capture' AND image_url IS NOT NULL
    UNION
    SELECT image_url FROM images WHERE image_url IS NOT NULL
)

SELECT
    (SELECT count(DISTINCT url) FROM kept) AS pages,
    (SELECT count(*) FROM kept) AS page_captures,
    (SELECT min(observed_at) FROM kept) AS first_page,
    (SELECT max(observed_at) FROM kept) AS last_page,
    (SELECT count(*) FROM robots) AS robots_captures,
    (SELECT count(DISTINCT sha256) FROM robots) AS robots_texts,
    (SELECT min(observed_at) FROM robots) AS first_robots,
    (SELECT max(observed_at) FROM robots) AS last_robots,
    (SELECT count(*) FROM shown) AS images,
    (SELECT count(*) FROM shown WHERE image_url NOT IN (FROM elsewhere)) AS images_lost
ORDER BY ALL
