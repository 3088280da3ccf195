-- Paragraphs of terms and imprints that speak of mining or training, those of one reading of a page
-- together. They are context, and no signal that a machine reads.
-- reads: located_prose
-- columns: archived, place, signal, relation, raw, observed_at, run_id, file, file_rows
SELECT
    source = 'capture' AS archived,
    page_url AS place,
    'prose (context, no signal)' AS signal,
    'prose' AS relation,
    encode(array_to_string(list(raw ORDER BY position, file_row), chr(10)) || chr(10)) AS raw,
    observed_at,
    run_id,
    file,
    list(file_row ORDER BY position, file_row) AS file_rows
FROM located_prose
GROUP BY ALL
ORDER BY
    place,
    signal,
    observed_at,
    file
