-- What differs between two runs: images by address and bytes, signals by place and raw text.
-- reads: images, hops, metas, site_files
-- columns: change, what, url, raw
WITH pictures AS (
    SELECT
        run_id,
        image_url,
        any_value(sha256) AS sha256
    FROM images
    WHERE
        outcome = 'fetched' AND status BETWEEN 200 AND 299
        -- An image by its bytes, else by what it was called; without either nothing is known.
        AND regexp_matches(
            lower(coalesce(sniffed_type, content_type, '')),
            '^(image/|$|(application|binary)/octet-stream)'
        )
        AND coalesce(size, 1) > 0
    GROUP BY ALL
),

lines AS (
    SELECT
        run_id,
        url,
        unnest(headers) AS header
    FROM hops
    WHERE subject IN ('page', 'image')
),

signals AS (
    SELECT
        run_id,
        url,
        header.name AS signal,
        header.value AS raw
    FROM lines
    WHERE header.name IN (
        'x-robots-tag', 'robots-tag', 'tdm-reservation', 'tdm-policy', 'content-usage',
        'content-signal', 'content-signals'
    )
    UNION
    SELECT
        run_id,
        page_url AS url,
        'meta ' || name AS signal,
        content AS raw
    FROM metas
    UNION
    SELECT
        run_id,
        url,
        kind AS signal,
        CASE
            WHEN outcome != 'fetched' THEN outcome
            WHEN status BETWEEN 200 AND 299 THEN 'text with SHA-256 ' || left(sha256, 12) || '…'
            ELSE 'answered ' || status
        END AS raw
    FROM site_files
    -- Only robots.txt says something by being absent; a page in place of a file says nothing.
    WHERE kind = 'robots.txt'
        OR (
            outcome = 'fetched' AND status BETWEEN 200 AND 299
            AND NOT coalesce(contains(lower(content_type), 'html'), FALSE)
        )
),

pictures_before AS (SELECT * FROM pictures WHERE run_id = getvariable('previous_id')),

pictures_after AS (SELECT * FROM pictures WHERE run_id = getvariable('run_id')),

signals_before AS (
    SELECT * EXCLUDE (run_id) FROM signals WHERE run_id = getvariable('previous_id')
),

signals_after AS (SELECT * EXCLUDE (run_id) FROM signals WHERE run_id = getvariable('run_id')),

found AS (
    SELECT
        'new' AS change,
        signal AS what,
        url,
        raw
    FROM (FROM signals_after EXCEPT FROM signals_before)
    UNION ALL
    SELECT
        'gone' AS change,
        signal AS what,
        url,
        raw
    FROM (FROM signals_before EXCEPT FROM signals_after)
    UNION ALL
    SELECT
        'new' AS change,
        'image' AS what,
        image_url AS url,
        NULL AS raw
    FROM pictures_after
    WHERE image_url NOT IN (SELECT image_url FROM pictures_before)
    UNION ALL
    SELECT
        'not seen again' AS change,
        'image' AS what,
        image_url AS url,
        NULL AS raw
    FROM pictures_before
    WHERE image_url NOT IN (SELECT image_url FROM pictures_after)
    UNION ALL
    SELECT
        'other bytes' AS change,
        'image' AS what,
        pictures_after.image_url AS url,
        NULL AS raw
    FROM pictures_after
    JOIN pictures_before ON pictures_before.image_url = pictures_after.image_url
    WHERE pictures_after.sha256 IS DISTINCT FROM pictures_before.sha256
)

SELECT
    change,
    what,
    url,
    raw
FROM found
ORDER BY
    what = 'image',
    url,
    what,
    change,
    raw
