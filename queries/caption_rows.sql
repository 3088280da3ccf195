-- Rows of the metadata whose text holds every word asked for, in any case and order.
-- reads: metadata_rows
-- columns: dataset_row, url, caption
SELECT
    dataset_row,
    url,
    caption
FROM metadata_rows
WHERE
    len(
        list_filter(
            CAST(getvariable('words') AS VARCHAR[]),
            lambda word: NOT contains(lower(metadata_rows.caption), word)
        )
    ) = 0
    AND caption IS NOT NULL
ORDER BY dataset_row
LIMIT CAST(getvariable('most') AS BIGINT)
