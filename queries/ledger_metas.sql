-- What each page said in its metas: one row per reading of a page and name that it ever had.
-- reads: located_metas, located_pages
-- columns: archived, subject, place, signal, state, sha256, raw, reason, observed_at, run_id, file, file_rows
WITH elements AS (
    SELECT
        source = 'capture' AS archived,
        page_url AS place,
        'meta ' || name AS signal,
        run_id,
        file,
        observed_at,
        encode(array_to_string(list(raw ORDER BY position, file_row), chr(10)) || chr(10)) AS raw,
        list(file_row ORDER BY position, file_row) AS file_rows
    FROM located_metas
    WHERE name IS NOT NULL AND NOT list_contains(getvariable('ledger_not_metas'), name)
    GROUP BY ALL
),

names AS (SELECT DISTINCT archived, place, signal FROM elements),

readings AS (
    SELECT
        names.archived,
        names.place,
        names.signal,
        pages.outcome,
        pages.status,
        pages.truncated,
        pages.reason,
        pages.observed_at,
        pages.run_id,
        pages.file,
        pages.file_row
    FROM names
    JOIN located_pages AS pages
        ON pages.url = names.place AND (pages.source = 'capture') = names.archived
)

SELECT
    readings.archived,
    'page' AS subject,
    readings.place,
    readings.signal,
    CASE
        WHEN elements.raw IS NOT NULL THEN 'present'
        WHEN readings.status IS NULL THEN 'unknown'
        WHEN readings.status BETWEEN 300 AND 399 THEN 'absent'
        WHEN list_contains(getvariable('ledger_gone'), readings.status) THEN 'absent'
        WHEN readings.outcome = 'fetched' AND readings.status = 200 AND NOT readings.truncated
            THEN 'absent'
        ELSE 'unknown'
    END AS state,
    sha256(elements.raw) AS sha256,
    elements.raw,
    CASE
        WHEN elements.raw IS NOT NULL THEN NULL
        WHEN readings.reason IS NOT NULL THEN readings.reason
        WHEN readings.status != 200 THEN 'answered ' || readings.status
        WHEN readings.truncated THEN 'only its first part was read'
        WHEN readings.outcome != 'fetched' THEN readings.outcome
    END AS reason,
    readings.observed_at,
    readings.run_id,
    coalesce(elements.file, readings.file) AS file,
    coalesce(elements.file_rows, [readings.file_row]) AS file_rows
FROM readings
LEFT JOIN elements
    ON elements.archived = readings.archived
    AND elements.place = readings.place
    AND elements.signal = readings.signal
    AND elements.run_id = readings.run_id
    AND elements.observed_at = readings.observed_at
ORDER BY
    readings.place,
    readings.signal,
    readings.observed_at,
    readings.file,
    readings.file_row
