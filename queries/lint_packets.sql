-- Metadata of image files in the current runs, alike packets once with all images that hold them.
-- `own`: of a list, folder or export that the artist brought, not as a site served it.
-- reads: current_file_metadata
-- columns: kind, raw, own, images
SELECT
    kind,
    CASE WHEN kind = 'xmp' THEN raw END AS raw,
    source NOT IN ('crawl', 'capture') AS own,
    list(DISTINCT image_url ORDER BY image_url) AS images
FROM current_file_metadata
WHERE image_url IS NOT NULL
GROUP BY ALL
ORDER BY
    own,
    kind,
    images,
    raw
