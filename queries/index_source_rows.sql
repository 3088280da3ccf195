-- How many rows of an index come from each of its source files.
-- reads: rows
-- columns: file, number
SELECT
    file,
    count(*) AS number
FROM rows
GROUP BY file
ORDER BY file
