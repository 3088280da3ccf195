-- The hosts that matching rows point to, those with most matches first; without the matches
-- the user rejected. `total` is the number of all such hosts.
-- reads: matches
-- columns: url_host, places, same_address, same_image, similar_image, lead, caption_only, matches, total
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
FROM matches
WHERE NOT list_contains(CAST(getvariable('rejected') AS VARCHAR[]), match_id)
GROUP BY coalesce(url_host, '')
ORDER BY
    count(*) DESC,
    url_host
LIMIT getvariable('most')
