-- Where the crawl found images of the artist's pages: scheme, host and port, as written.
-- reads: images
-- columns: origin
SELECT DISTINCT regexp_extract(image_url, '^[^:/?#]*://[^/?#\\]*') AS origin
FROM images
ORDER BY origin
