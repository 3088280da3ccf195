-- Images of the case that no searched row names by address or by file. Furniture is left out,
-- and so is what only captures of an archive name.
-- reads: case_images, case_files, candidates, known_addresses, known_works
-- columns: case_id, image_url, work_id, in_laion_shape, not_in_shape_because
WITH listed AS (
    SELECT image_url
    FROM known_addresses
    WHERE key IN (SELECT key FROM candidates)
    UNION
    SELECT image_url
    FROM case_files
    WHERE
        md5 IN (SELECT md5 FROM candidates WHERE md5 IS NOT NULL)
        OR sha256 IN (SELECT sha256 FROM candidates WHERE sha256 IS NOT NULL)
)

SELECT
    CAST(getvariable('case_id') AS VARCHAR) AS case_id,
    case_images.image_url,
    known_works.work_id,
    case_images.in_laion_shape,
    case_images.not_in_shape_because
FROM case_images
LEFT JOIN known_works ON known_works.image_url = case_images.image_url
WHERE
    NOT case_images.furniture
    AND NOT case_images.archived
    AND case_images.image_url NOT IN (SELECT image_url FROM listed)
    -- A file on the artist's disk is the same picture as its twin on the web.
    AND NOT (
        starts_with(case_images.image_url, 'file:')
        AND coalesce(
            known_works.work_id IN (
                SELECT twin.work_id FROM known_works AS twin
                WHERE twin.image_url IN (SELECT image_url FROM listed)
            ),
            FALSE
        )
    )
ORDER BY case_images.image_url
