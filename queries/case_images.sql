-- Every image address of the case, from all runs and sources: whether it is only furniture (icon,
-- sprite, spacer), whether a LAION-type pipeline could have captured it, a page that shows it,
-- and whether nothing but captures of an archive names it.
-- reads: images, image_refs
-- columns: image_url, furniture, in_laion_shape, not_in_shape_because, page_url, archived
WITH mentions AS (
    SELECT
        image_url,
        bool_and(coalesce(furniture, FALSE)) AS furniture,
        bool_or(coalesce(in_laion_shape, FALSE)) AS in_laion_shape,
        min(not_in_shape_because) AS not_in_shape_because,
        -- A page that only an archive has is no page that shows the image.
        min(page_url) FILTER (source <> 'capture') AS page_url,
        bool_and(source = 'capture') AS archived
    FROM image_refs
    WHERE image_url IS NOT NULL
    GROUP BY image_url
)

SELECT
    coalesce(mentions.image_url, found.image_url) AS image_url,
    coalesce(mentions.furniture, FALSE) AS furniture,
    mentions.in_laion_shape,
    CASE WHEN mentions.in_laion_shape THEN NULL ELSE mentions.not_in_shape_because END
        AS not_in_shape_because,
    mentions.page_url,
    coalesce(mentions.archived, FALSE) AND found.image_url IS NULL AS archived
FROM mentions
FULL JOIN (SELECT DISTINCT image_url FROM images WHERE image_url IS NOT NULL) AS found
    ON found.image_url = mentions.image_url
ORDER BY 1
