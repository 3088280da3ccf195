-- Header lines and metas that captures of pages show, with the first and last capture that shows
-- each: how things were, not how they are.
-- reads: hops, metas
-- columns: origin, signal, raw, pages, first_captured, last_captured
WITH header_lines AS (
    SELECT
        url,
        observed_at,
        unnest(headers) AS header
    FROM hops
    WHERE source = 'capture' AND subject = 'page'
),

found AS (
    SELECT
        url,
        observed_at,
        header.name AS signal,
        trim(header.value) AS raw
    FROM header_lines
    WHERE header.name IN ('x-robots-tag', 'tdm-reservation', 'tdm-policy', 'content-usage')
    UNION ALL
    SELECT
        page_url AS url,
        observed_at,
        'meta ' || name AS signal,
        trim(content) AS raw
    FROM metas
    WHERE source = 'capture'
)

SELECT
    regexp_extract(url, '^[^:/?#]*://[^/?#\\]*') AS origin,
    signal,
    raw,
    count(DISTINCT url) AS pages,
    min(observed_at) AS first_captured,
    max(observed_at) AS last_captured
FROM found
GROUP BY ALL
ORDER BY
    origin,
    signal,
    raw
