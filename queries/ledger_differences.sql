-- Sightings of an exported ledger that the observations do not hold as they are now. An image
-- whose bytes were not read is present until a run reads them, unknown from then on: no change.
-- reads: ledger_exported, ledger_states
-- columns: line, file, file_rows, signal, place
WITH told AS (
    SELECT
        line,
        subject,
        place,
        signal,
        file,
        file_rows,
        coalesce(sha256, CASE WHEN state = 'absent' THEN 'absent' ELSE 'open' END) AS said,
        try_cast(observed_at AS TIMESTAMPTZ) AS observed_at
    FROM ledger_exported
),

held AS (
    SELECT
        subject,
        place,
        signal,
        file,
        file_rows,
        coalesce(sha256, CASE WHEN state = 'absent' THEN 'absent' ELSE 'open' END) AS said,
        observed_at
    FROM ledger_states
    WHERE file IS NOT NULL
)

SELECT
    told.line,
    told.file,
    told.file_rows,
    told.signal,
    told.place
FROM told
ANTI JOIN held
    ON held.subject = told.subject
    AND held.place = told.place
    AND held.signal = told.signal
    AND held.file = told.file
    AND held.file_rows = told.file_rows
    AND held.said = told.said
    AND held.observed_at = told.observed_at
ORDER BY
    told.line,
    told.file,
    told.file_rows
