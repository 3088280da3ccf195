-- The hosts that matching rows point to, those with most matches first; without the matches
-- the user rejected. `total` is the number of all such hosts.
-- reads: matches
-- columns: url_host, places, same_address, same_image, similar_image, lead, caption_only, matches, total
WITH placed AS (
    SELECT
        * EXCLUDE (place),
        CASE
            WHEN place <> 'elsewhere' THEN place
            WHEN list_contains(CAST(getvariable('licensed_hosts') AS VARCHAR []), url_host)
                THEN 'licensed_site'
            WHEN list_contains(CAST(getvariable('known_hosts') AS VARCHAR []), url_host)
                THEN 'known_site'
            ELSE place
        END AS place
    FROM matches
)

SELECT
    coalesce(url_host, '') AS url_host,
    list_sort(list(DISTINCT place)) AS places,
    count(*) FILTER (WHERE strength = 'same_address') AS same_address,
    count(*) FILTER (WHERE strength = 'same_image') AS same_image,
    count(*) FILTER (WHERE strength = 'similar_image') AS similar_image,
    count(*) FILTER (WHERE strength = 'lead') AS lead,
    count(*) FILTER (WHERE strength = 'caption_only') AS caption_only,
    count(*) AS matches,
    count(*) OVER () AS total
FROM placed
WHERE NOT list_contains(CAST(getvariable('rejected') AS VARCHAR[]), match_id)
GROUP BY coalesce(url_host, '')
ORDER BY
    count(*) DESC,
    url_host
LIMIT getvariable('most')
