-- Every opt-out signal of the current runs (or of all runs) as it was served: header lines of
-- every exchange, metas and licence links of pages, one row per robots.txt with how it was
-- answered, and the other files of a site with their text. What captures of an archive show is no
-- signal of today: capture_signals has it.
-- reads: hops, metas, elements, site_files, runs
-- columns: observed_at, signal, subject, url, where_found, raw, run_id
WITH header_lines AS (
    SELECT
        observed_at,
        subject,
        url,
        hop,
        hop_url,
        run_id,
        unnest(range(len(headers))) AS place,
        unnest(headers) AS header
    FROM hops
    WHERE source <> 'capture'
),

found AS (
    SELECT
        observed_at,
        lower(header.name) AS signal,
        subject,
        url,
        hop_url AS where_found,
        header.value AS raw,
        run_id,
        hop * 1000 + place AS place
    FROM header_lines
    WHERE lower(header.name) IN (
        'x-robots-tag', 'robots-tag', 'tdm-reservation', 'tdm-policy', 'content-usage',
        'content-signal', 'content-signals', 'license'
    )
        -- A Link line may say many things; a licence is named by its relation (RSL 1.0).
        OR (
            lower(header.name) = 'link'
            AND regexp_matches(header.value, ';\s*rel\s*=\s*"?[^";]*\blicense\b', 'i')
        )
    UNION ALL
    SELECT
        observed_at,
        'meta ' || name AS signal,
        'page' AS subject,
        page_url AS url,
        page_url AS where_found,
        raw,
        run_id,
        position AS place
    FROM metas
    WHERE source <> 'capture'
    UNION ALL
    SELECT
        observed_at,
        'link element' AS signal,
        'page' AS subject,
        page_url AS url,
        page_url AS where_found,
        raw,
        run_id,
        position AS place
    FROM elements
    WHERE name = 'license' AND source <> 'capture'
    UNION ALL
    SELECT
        observed_at,
        kind AS signal,
        'site_file' AS subject,
        url,
        coalesce(final_url, url) AS where_found,
        CASE
            -- Lines of robots.txt are read apart; a page in place of a file says nothing.
            WHEN kind <> 'robots.txt' AND outcome = 'fetched' AND status BETWEEN 200 AND 299
                AND NOT coalesce(contains(lower(content_type), 'html'), FALSE)
                THEN coalesce(TRY(decode(body)), CAST(body AS VARCHAR))
            ELSE concat_ws(' ', outcome, 'with status ' || status, reason)
        END AS raw,
        run_id,
        0 AS place
    FROM site_files
    WHERE source <> 'capture'
)

SELECT
    observed_at,
    signal,
    subject,
    url,
    where_found,
    raw,
    run_id
FROM found
WHERE getvariable('all_runs')
    OR run_id IN (SELECT max(run_id) FROM runs GROUP BY source)
ORDER BY
    subject,
    url,
    run_id,
    signal,
    place,
    where_found,
    raw
