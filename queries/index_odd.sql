-- Addresses of an index's rows that a plain search would misread.
-- reads: rows
-- columns: pos, url
SELECT
    pos,
    url
FROM rows
WHERE odd
ORDER BY pos
