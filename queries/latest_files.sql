-- The last file seen at each image address of the case.
-- reads: images
-- columns: image_url, md5, sha256, width, height, seen_on
SELECT
    image_url,
    lower(md5) AS md5,
    lower(sha256) AS sha256,
    width,
    height,
    strftime(observed_at, '%Y-%m-%d') AS seen_on
FROM images
WHERE image_url IS NOT NULL AND coalesce(md5, sha256) IS NOT NULL
QUALIFY
    row_number() OVER (
        PARTITION BY image_url
        ORDER BY observed_at DESC, run_id DESC, sha256, md5
    ) = 1
ORDER BY image_url
