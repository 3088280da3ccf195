-- How many matches of each strength wait for the user's word, were confirmed or were rejected.
-- reads: matches
-- columns: strength, matches, confirmed, rejected, waiting
WITH said AS (
    SELECT
        strength,
        match_id IN (SELECT unnest(CAST(getvariable('confirmed') AS VARCHAR []))) AS confirmed,
        match_id IN (SELECT unnest(CAST(getvariable('rejected') AS VARCHAR []))) AS rejected
    FROM matches
)

SELECT
    strength,
    count(*) AS matches,
    count(*) FILTER (WHERE confirmed) AS confirmed,
    count(*) FILTER (WHERE rejected) AS rejected,
    count(*) FILTER (
        WHERE NOT confirmed AND NOT rejected AND strength NOT IN ('same_address', 'same_image')
    ) AS waiting
FROM said
GROUP BY strength
ORDER BY
    list_position(
        ['same_address', 'same_image', 'similar_image', 'lead', 'caption_only'], strength
    )
