-- Header and meta signals that the latest runs saw, per origin, with first and last sight of
-- each in all runs.
-- reads: hops, metas, runs
-- columns: origin, subject, signal, value, places, first_seen, last_seen
WITH header_lines AS (
    SELECT
        subject,
        hop_url AS place,
        unnest(headers) AS header,
        run_id,
        observed_at
    FROM hops
    WHERE subject IN ('page', 'image') AND source <> 'capture'
),

found AS (
    SELECT
        subject,
        place,
        lower(header.name) AS signal,
        trim(header.value) AS value,
        run_id,
        observed_at
    FROM header_lines
    WHERE lower(header.name) IN ('x-robots-tag', 'tdm-reservation', 'content-usage')
    UNION ALL
    SELECT
        'page' AS subject,
        page_url AS place,
        'meta ' || name AS signal,
        trim(content) AS value,
        run_id,
        observed_at
    FROM metas
    WHERE source <> 'capture'
)

SELECT
    regexp_extract(place, '^[^:/?#]*://[^/?#\\]*') AS origin,
    subject,
    signal,
    value,
    count(DISTINCT place) FILTER (
        WHERE run_id IN (SELECT max(run_id) FROM runs WHERE source <> 'capture' GROUP BY source)
    ) AS places,
    strftime(min(observed_at), '%Y-%m-%d') AS first_seen,
    strftime(max(observed_at), '%Y-%m-%d') AS last_seen
FROM found
GROUP BY ALL
HAVING places > 0
ORDER BY
    origin,
    subject,
    signal,
    value
