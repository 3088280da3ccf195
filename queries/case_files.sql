-- Hashes of every file that was found at an image address of the case, in any run.
-- reads: images
-- columns: image_url, md5, sha256
SELECT DISTINCT
    image_url,
    lower(md5) AS md5,
    lower(sha256) AS sha256
FROM images
WHERE image_url IS NOT NULL AND (md5 IS NOT NULL OR sha256 IS NOT NULL)
ORDER BY ALL
