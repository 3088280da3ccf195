-- Rows of one data file whose address the other side has nowhere.
-- reads: rows_of_file, other_side
-- columns: server, url, dataset_row
SELECT
    rows_of_file.server,
    rows_of_file.url,
    rows_of_file.dataset_row
FROM rows_of_file
ANTI JOIN other_side ON other_side.address = rows_of_file.address
ORDER BY rows_of_file.dataset_row
