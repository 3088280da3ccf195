-- Sightings of an exported ledger that the observations do not hold as they are now. An image
-- whose bytes were not read counts as present until a later run reads them, unknown from then on.
-- reads: ledger_exported, ledger_states
-- columns: line, file, file_rows, signal, place
SELECT
    line,
    file,
    file_rows,
    signal,
    place
FROM ledger_exported AS told
ANTI JOIN ledger_states AS states
    ON states.subject = told.subject
    AND states.place = told.place
    AND states.signal = told.signal
    AND states.file = told.file
    AND states.file_rows = told.file_rows
    AND states.sha256 IS NOT DISTINCT FROM told.sha256
    AND (states.state = told.state OR (told.state = 'present' AND told.sha256 IS NULL))
    AND states.observed_at = try_cast(told.at AS TIMESTAMPTZ)
ORDER BY
    line,
    file,
    file_rows
