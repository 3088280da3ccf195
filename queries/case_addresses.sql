-- Every address at which an image of the case was found: as mentioned, and each hop of its
-- redirects. The data sets may hold the address after a redirect. Icons and spacers are left out.
-- reads: case_images, images, hops
-- columns: image_url, address, via
WITH found AS (
    SELECT
        image_url,
        image_url AS address,
        'mention' AS via
    FROM case_images
    UNION
    SELECT
        image_url,
        final_url AS address,
        'redirect' AS via
    FROM images
    WHERE image_url IS NOT NULL AND final_url IS NOT NULL AND final_url <> image_url
    UNION
    SELECT
        url AS image_url,
        hop_url AS address,
        'redirect' AS via
    FROM hops
    WHERE subject = 'image' AND hop_url IS NOT NULL AND hop_url <> url
)

SELECT
    image_url,
    address,
    via
FROM found
WHERE image_url NOT IN (SELECT image_url FROM case_images WHERE furniture)
ORDER BY ALL
