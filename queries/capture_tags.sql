-- For each match the captures that show a tag with one of its addresses: one row per capture and
-- tag. A capture whose body is that of another one (the index gives both the same digest) shows
-- the same tags.
-- reads: capture_wanted, image_refs, pages
-- columns: match_id, captured_at, page_url, image_url, tag, attribute, raw, alt, page_outcome, lies_at
WITH kept AS (
    SELECT
        run_id,
        url,
        observed_at,
        outcome,
        found_on,
        sha256
    FROM pages
    WHERE source = 'capture' AND outcome IN ('fetched', 'listed') AND sha256 IS NOT NULL
),

tags AS (
    SELECT DISTINCT
        refs.page_url,
        refs.image_url,
        refs.tag,
        refs.attribute,
        refs.raw,
        refs.alt,
        kept.sha256
    FROM image_refs AS refs
    JOIN kept
        ON kept.run_id = refs.run_id
        AND kept.url = refs.page_url
        AND kept.observed_at = refs.observed_at
    WHERE refs.source = 'capture'
)

SELECT DISTINCT
    wanted.match_id,
    kept.observed_at AS captured_at,
    tags.page_url,
    tags.image_url,
    tags.tag,
    tags.attribute,
    tags.raw,
    tags.alt,
    kept.outcome AS page_outcome,
    kept.found_on AS lies_at
FROM capture_wanted AS wanted
JOIN tags ON tags.image_url = wanted.image_url
JOIN kept ON kept.url = tags.page_url AND kept.sha256 = tags.sha256
ORDER BY ALL
