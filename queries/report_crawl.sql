-- The counts of the current runs: one row.
-- reads: current_pages, current_images, current_image_refs
-- columns: pages, pages_fetched, references_found, images_found, images_fetched, images_not_fetched, images_furniture
WITH addresses AS (
    SELECT
        image_url,
        bool_and(furniture) AS furniture
    FROM (
        SELECT image_url, coalesce(furniture, FALSE) AS furniture FROM current_image_refs
        UNION ALL
        SELECT image_url, TRUE AS furniture FROM current_images
    )
    WHERE image_url IS NOT NULL
    GROUP BY image_url
),

read AS (
    SELECT DISTINCT url
    FROM current_pages
    WHERE
        outcome = 'fetched' AND status BETWEEN 200 AND 299
        -- A file that turned out to be no page was asked for, but is not read.
        AND NOT coalesce(
            starts_with(reason, 'not a page') OR starts_with(reason, 'declared as a page'), FALSE
        )
),

fetched AS (
    SELECT DISTINCT image_url
    FROM current_images
    WHERE
        outcome = 'fetched' AND status BETWEEN 200 AND 299
        -- An image by its bytes, else by what it was called; without either nothing is known.
        AND regexp_matches(
            lower(coalesce(sniffed_type, content_type, '')),
            '^(image/|$|(application|binary)/octet-stream)'
        )
        AND coalesce(size, 1) > 0
)

SELECT
    (SELECT count(DISTINCT url) FROM current_pages) AS pages,
    (SELECT count(*) FROM read) AS pages_fetched,
    (SELECT count(*) FROM current_image_refs) AS references_found,
    (SELECT count(*) FROM addresses) AS images_found,
    (SELECT count(*) FROM fetched) AS images_fetched,
    (SELECT count(*) FROM addresses WHERE image_url NOT IN (FROM fetched)) AS images_not_fetched,
    (
        SELECT count(*) FROM addresses
        WHERE furniture AND image_url IN (FROM current_image_refs SELECT image_url)
    ) AS images_furniture
ORDER BY ALL
