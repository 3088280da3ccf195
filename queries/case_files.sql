-- Hashes of every picture file that was found at an image address of the case, in any run.
-- Files that anybody may have are left out: empty ones, what is no picture, icons and spacers
-- (the parts of a page that are marked as such, and anything smaller than 32 pixels).
-- reads: images, case_images
-- columns: image_url, md5, sha256
SELECT DISTINCT
    images.image_url,
    lower(images.md5) AS md5,
    lower(images.sha256) AS sha256
FROM images
LEFT JOIN case_images ON case_images.image_url = images.image_url
WHERE
    images.image_url IS NOT NULL
    AND (images.md5 IS NOT NULL OR images.sha256 IS NOT NULL)
    AND coalesce(images.size, 1) > 0
    AND coalesce(images.sniffed_type, 'image/') LIKE 'image/%'
    AND least(coalesce(images.width, 32), coalesce(images.height, 32)) >= 32
    AND NOT coalesce(case_images.furniture, FALSE)
ORDER BY ALL
