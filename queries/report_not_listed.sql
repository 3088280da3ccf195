-- The artist's images that no searched row names, each with a page that shows it.
-- `total` is the number of all such images.
-- reads: not_listed, works, image_refs
-- columns: image_url, page_url, title, in_laion_shape, not_in_shape_because, total
WITH shown AS (
    SELECT
        image_url,
        in_laion_shape,
        not_in_shape_because,
        count(*) OVER () AS total
    FROM not_listed
    ORDER BY
        in_laion_shape DESC NULLS LAST,
        image_url
    LIMIT getvariable('most')
)

SELECT
    shown.image_url,
    (SELECT min(page_url) FROM image_refs WHERE image_refs.image_url = shown.image_url) AS page_url,
    (SELECT min(title) FROM works WHERE works.image_url = shown.image_url) AS title,
    shown.in_laion_shape,
    shown.not_in_shape_because,
    shown.total
FROM shown
ORDER BY
    shown.in_laion_shape DESC NULLS LAST,
    shown.image_url
