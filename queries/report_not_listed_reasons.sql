-- Why images that are not listed could not have been captured, with how many each; the row
-- without a reason counts those that could have been.
-- reads: not_listed
-- columns: in_laion_shape, reason, images
SELECT
    coalesce(in_laion_shape, FALSE) AS in_laion_shape,
    CASE WHEN in_laion_shape THEN NULL ELSE coalesce(not_in_shape_because, '') END AS reason,
    count(*) AS images
FROM not_listed
GROUP BY ALL
ORDER BY
    in_laion_shape DESC,
    images DESC,
    reason
