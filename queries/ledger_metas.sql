-- Metas of pages, those of one name and reading together, in the order they stood.
-- reads: located_metas
-- columns: archived, place, signal, relation, raw, observed_at, run_id, file, file_rows
SELECT
    source = 'capture' AS archived,
    page_url AS place,
    'meta ' || name AS signal,
    'metas' AS relation,
    encode(array_to_string(list(raw ORDER BY position, file_row), chr(10)) || chr(10)) AS raw,
    observed_at,
    run_id,
    file,
    list(file_row ORDER BY position, file_row) AS file_rows
FROM located_metas
WHERE name IS NOT NULL AND NOT list_contains(getvariable('ledger_not_metas'), name)
GROUP BY ALL
ORDER BY
    place,
    signal,
    observed_at,
    file
