-- Other elements of pages that carry a signal, those of one name and reading together.
-- reads: located_elements
-- columns: archived, place, signal, relation, raw, observed_at, run_id, file, file_rows
SELECT
    source = 'capture' AS archived,
    page_url AS place,
    'element ' || name AS signal,
    'elements' AS relation,
    encode(array_to_string(list(raw ORDER BY position, file_row), chr(10)) || chr(10)) AS raw,
    observed_at,
    run_id,
    file,
    list(file_row ORDER BY position, file_row) AS file_rows
FROM located_elements
WHERE name IS NOT NULL
GROUP BY ALL
ORDER BY
    place,
    signal,
    observed_at,
    file
