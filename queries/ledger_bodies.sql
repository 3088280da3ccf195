-- Files of hosts whose recorded bytes do not give the SHA-256 recorded beside them.
-- reads: located_site_files
-- columns: file, file_rows, url
SELECT
    file,
    [file_row] AS file_rows,
    url
FROM located_site_files
WHERE octet_length(body) > 0 AND sha256(body) IS DISTINCT FROM sha256
ORDER BY
    file,
    file_row
