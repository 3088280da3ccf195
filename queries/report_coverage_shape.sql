-- Distinct images of runs (icons and spacers left out) by whether a LAION-type pipeline could have
-- captured them, and why not. One mention in capturable shape is enough; of several reasons the
-- one nearest to capture is named.
-- reads: image_refs
-- columns: shape, images, example
WITH mentions AS (
    SELECT
        image_url,
        coalesce(furniture, FALSE) AS furniture,
        in_laion_shape,
        CASE
            WHEN in_laion_shape THEN 1
            WHEN not_in_shape_because LIKE 'the alt text%' THEN 2
            WHEN not_in_shape_because LIKE 'the address contains%' THEN 3
            WHEN not_in_shape_because LIKE 'the address is%' THEN 4
            WHEN not_in_shape_because LIKE 'written in%' THEN 5
            WHEN not_in_shape_because LIKE 'only there once%' THEN 6
            WHEN not_in_shape_because LIKE 'no element%' THEN 6
            WHEN in_laion_shape IS NOT NULL THEN 7
        END AS distance
    FROM image_refs
    WHERE
        image_url IS NOT NULL
        AND list_contains(CAST(getvariable('run_ids') AS VARCHAR[]), run_id)
),

images AS (
    SELECT
        image_url,
        min(distance) AS distance
    FROM mentions
    GROUP BY image_url
    HAVING NOT bool_and(furniture)
)

SELECT
    coalesce(
        ['captured', 'alt', 'address', 'relative', 'place', 'scripts', 'other'][distance],
        'not_known'
    ) AS shape,
    count(*) AS images,
    min(image_url) AS example
FROM images
GROUP BY distance
ORDER BY distance NULLS LAST
