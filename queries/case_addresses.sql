-- Every address at which an image of the case was found: as mentioned, and each hop of its
-- redirects. The data sets may hold the address after a redirect.
-- reads: case_images, images, hops
-- columns: image_url, address, via
SELECT DISTINCT
    image_url,
    image_url AS address,
    'mention' AS via
FROM case_images
UNION
SELECT
    image_url,
    final_url,
    'redirect'
FROM images
WHERE image_url IS NOT NULL AND final_url IS NOT NULL AND final_url <> image_url
UNION
SELECT
    url,
    hop_url,
    'redirect'
FROM hops
WHERE subject = 'image' AND hop_url IS NOT NULL AND hop_url <> url
ORDER BY ALL
