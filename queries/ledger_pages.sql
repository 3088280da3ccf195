-- What each page said in its metas and other elements: one row per reading of a page and name
-- that it ever had.
-- reads: ledger_elements, located_pages, runs
-- columns: archived, subject, place, signal, state, sha256, raw, reason, observed_at, run_id, file, file_rows
WITH names AS (SELECT DISTINCT archived, place, signal, relation FROM ledger_elements),

readings AS (
    SELECT
        names.archived,
        names.place,
        names.signal,
        pages.outcome,
        pages.status,
        pages.truncated,
        pages.reason,
        json_extract(runs.summary, '$.rows.' || names.relation) IS NOT NULL AS looked_for,
        pages.observed_at,
        pages.run_id,
        pages.file,
        pages.file_row
    FROM names
    JOIN located_pages AS pages
        ON pages.url = names.place AND (pages.source = 'capture') = names.archived
    JOIN runs ON runs.run_id = pages.run_id
),

-- A run reads a page once, an archive may have read it many times.
without AS (
    SELECT
        *,
        CASE
            WHEN status BETWEEN 300 AND 399 THEN 'absent'
            WHEN list_contains(getvariable('ledger_gone'), status) THEN 'absent'
            WHEN outcome = 'fetched' AND status = 200 AND NOT truncated AND looked_for
                THEN 'absent'
            ELSE 'unknown'
        END AS state
    FROM readings
    ANTI JOIN ledger_elements AS elements
        ON elements.archived = readings.archived
        AND elements.place = readings.place
        AND elements.signal = readings.signal
        AND elements.run_id = readings.run_id
        AND (NOT readings.archived OR elements.observed_at = readings.observed_at)
)

SELECT
    archived,
    'page' AS subject,
    place,
    signal,
    'present' AS state,
    sha256(raw) AS sha256,
    raw,
    NULL AS reason,
    observed_at,
    run_id,
    file,
    file_rows
FROM ledger_elements
UNION ALL
SELECT
    archived,
    'page' AS subject,
    place,
    signal,
    state,
    NULL AS sha256,
    NULL AS raw,
    CASE
        WHEN reason IS NOT NULL THEN reason
        WHEN status != 200 THEN 'answered ' || status
        WHEN outcome != 'fetched' THEN outcome
        WHEN truncated THEN 'only its first part was read'
        WHEN state = 'unknown' THEN 'such elements were not kept then'
    END AS reason,
    observed_at,
    run_id,
    file,
    [file_row] AS file_rows
FROM without
ORDER BY
    place,
    signal,
    observed_at,
    file,
    file_rows
