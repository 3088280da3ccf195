-- Rows of an index without a plainly written host; of those, some have no readable address at all.
-- reads: rows
-- columns: file, dataset_row, url
SELECT
    file,
    dataset_row,
    url
FROM rows
WHERE domain = ''
ORDER BY file, dataset_row
