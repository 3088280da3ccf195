-- Restricting <meta> elements, how many pages carry each, how many of the images on those
-- pages answered at all, and how many of these answered without any X-Robots-Tag line: those
-- are not reached by the page's signal (a meta speaks for the page alone). `total` is the number
-- of all such elements.
-- reads: current_metas, current_image_refs, current_images, current_hops
-- columns: name, content, pages, example, images, images_answered, images_without_header, total
WITH restricting AS (
    SELECT DISTINCT page_url, name, content
    FROM current_metas
    WHERE
        regexp_matches(lower(content), '(^|[\s,:])(noai|noimageai|noindex|noimageindex|none)\b')
        OR name IN ('tdm-reservation', 'tdm-policy')
),

headers AS (
    SELECT
        hops.url AS image_url,
        bool_or(
            list_contains(
                list_transform(hops.headers, LAMBDA line: lower(line.name)), 'x-robots-tag'
            )
        ) AS tagged
    FROM current_hops AS hops
    INNER JOIN current_images AS images
        ON images.image_url = hops.url AND images.run_id = hops.run_id
    WHERE
        hops.subject = 'image'
        AND hops.hop = images.hop_count - 1
        AND images.outcome = 'fetched'
        AND images.status BETWEEN 200 AND 299
    GROUP BY hops.url
),

shown AS (
    SELECT DISTINCT page_url, image_url
    FROM current_image_refs
    WHERE image_url IS NOT NULL
)

SELECT
    restricting.name,
    restricting.content,
    count(DISTINCT restricting.page_url) AS pages,
    min(restricting.page_url) AS example,
    count(DISTINCT shown.image_url) AS images,
    count(DISTINCT headers.image_url) AS images_answered,
    count(DISTINCT headers.image_url) FILTER (WHERE NOT coalesce(headers.tagged, FALSE))
        AS images_without_header,
    count(*) OVER () AS total
FROM restricting
LEFT JOIN shown ON shown.page_url = restricting.page_url
LEFT JOIN headers ON headers.image_url = shown.image_url
GROUP BY
    restricting.name,
    restricting.content
ORDER BY
    pages DESC,
    restricting.name,
    restricting.content
LIMIT getvariable('most')
