-- The last file kept of each picture of the case, each file once; icons and the like left out.
-- reads: images, case_images
-- columns: image_url, run_id, stored_as, sha256
WITH latest AS (
    SELECT
        images.image_url,
        images.run_id,
        images.stored_as,
        images.sha256
    FROM images
    LEFT JOIN case_images ON case_images.image_url = images.image_url
    WHERE images.stored_as IS NOT NULL AND NOT coalesce(case_images.furniture, FALSE)
    QUALIFY
        row_number() OVER (
            PARTITION BY images.image_url
            ORDER BY images.observed_at DESC, images.run_id DESC, images.stored_as
        ) = 1
)

SELECT
    image_url,
    run_id,
    stored_as,
    sha256
FROM latest
QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY image_url) = 1
ORDER BY image_url
