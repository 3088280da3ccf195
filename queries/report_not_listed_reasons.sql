-- Why images that are not listed could not have been captured, with how many each. Rows without a
-- reason count those that could have been (TRUE) and those of which it is not known (NULL).
-- reads: not_listed
-- columns: in_laion_shape, reason, images
SELECT
    in_laion_shape,
    CASE WHEN in_laion_shape THEN NULL ELSE coalesce(not_in_shape_because, '') END AS reason,
    count(*) AS images
FROM not_listed
GROUP BY ALL
ORDER BY
    in_laion_shape DESC NULLS LAST,
    images DESC,
    reason
