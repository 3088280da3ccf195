-- What each run saw of the files that speak for a whole host: one row per file asked for.
-- reads: located_site_files
-- columns: archived, subject, place, signal, state, sha256, raw, reason, observed_at, run_id, file, file_rows
WITH judged AS (
    SELECT
        *,
        CASE
            WHEN outcome != 'fetched' OR status IS NULL THEN 'unknown'
            WHEN list_contains(getvariable('ledger_gone'), status) THEN 'absent'
            WHEN status NOT BETWEEN 200 AND 299 OR body IS NULL THEN 'unknown'
            WHEN regexp_matches(left(lower(hex(body)), 1024), getvariable('ledger_web_page'))
                THEN 'absent'
            ELSE 'present'
        END AS state
    FROM located_site_files
)

SELECT
    source = 'capture' AS archived,
    'site' AS subject,
    url AS place,
    kind AS signal,
    state,
    CASE WHEN state = 'present' THEN sha256(body) END AS sha256,
    CASE WHEN state = 'present' THEN body END AS raw,
    CASE
        WHEN state = 'present' AND truncated THEN 'only its first ' || size || ' bytes were kept'
        WHEN state = 'present' THEN NULL
        WHEN outcome != 'fetched' THEN coalesce(reason, outcome)
        WHEN status NOT BETWEEN 200 AND 299 THEN coalesce(reason, 'answered ' || status)
        WHEN body IS NULL THEN 'its bytes were not kept'
        ELSE 'answered with a web page'
    END AS reason,
    observed_at,
    run_id,
    file,
    [file_row] AS file_rows
FROM judged
ORDER BY
    place,
    signal,
    observed_at,
    file,
    file_row
