-- The works that matching rows are tied to, those with most matches first; without the
-- matches the user rejected. `total` is the number of all such works.
-- reads: matches, works
-- columns: work_id, title, images, image_url, same_address, same_image, similar_image, lead, caption_only, matches, total
WITH named AS (
    SELECT
        work_id,
        min_by(title, image_url) AS title,
        min(image_url) AS image_url,
        count(*) AS images
    FROM works
    GROUP BY work_id
)

SELECT
    matches.work_id,
    any_value(named.title) AS title,
    coalesce(any_value(named.images), 0) AS images,
    any_value(named.image_url) AS image_url,
    count(*) FILTER (WHERE matches.strength = 'same_address') AS same_address,
    count(*) FILTER (WHERE matches.strength = 'same_image') AS same_image,
    count(*) FILTER (WHERE matches.strength = 'similar_image') AS similar_image,
    count(*) FILTER (WHERE matches.strength = 'lead') AS lead,
    count(*) FILTER (WHERE matches.strength = 'caption_only') AS caption_only,
    count(*) AS matches,
    count(*) OVER () AS total
FROM matches
LEFT JOIN named ON named.work_id = matches.work_id
WHERE
    matches.work_id IS NOT NULL
    AND NOT list_contains(CAST(getvariable('rejected') AS VARCHAR[]), matches.match_id)
GROUP BY matches.work_id
ORDER BY
    count(*) DESC,
    title,
    matches.work_id
LIMIT getvariable('most')
