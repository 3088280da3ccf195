-- Path-relative sources of pictures as written: early workers of the crawl behind LAION resolved
-- these against the wrong folder (the page's address without its last part, taken as a file).
-- reads: image_refs
-- columns: image_url, page_url, raw
SELECT DISTINCT
    image_url,
    page_url,
    raw
FROM image_refs
WHERE
    image_url IS NOT NULL
    AND tag = 'img'
    AND attribute = 'src'
    AND NOT regexp_matches(raw, '^\s*(?:/|\\|#|\?|[A-Za-z][A-Za-z0-9+.-]*:)')
ORDER BY ALL
