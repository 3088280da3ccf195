-- Listed addresses that may be retired: rows at the artist's addresses or with their files, others
-- only when the user confirmed them; never what they rejected. One row per address.
-- reads: matches
-- columns: url, row_count, image_url, datasets
SELECT
    url,
    count(*) AS row_count,
    min(image_url) AS image_url,
    list_sort(list(DISTINCT dataset)) AS datasets
FROM matches
WHERE match_id NOT IN (SELECT unnest(CAST(getvariable('rejected') AS VARCHAR [])))
    AND (
        strength IN ('same_address', 'same_image')
        OR match_id IN (SELECT unnest(CAST(getvariable('confirmed') AS VARCHAR [])))
    )
GROUP BY url
ORDER BY url
