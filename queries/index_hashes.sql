-- The content hashes of an index's rows, of each the first sixteen digits.
-- reads: rows
-- columns: value, kind, pos
SELECT
    left(value, 16) AS value,
    kind,
    pos
FROM (
    SELECT
        md5 AS value,
        'md5' AS kind,
        pos
    FROM rows
    UNION ALL
    SELECT
        sha256 AS value,
        'sha256' AS kind,
        pos
    FROM rows
    UNION ALL
    SELECT
        lower(trim(phash)) AS value,
        'phash' AS kind,
        pos
    FROM rows
)
WHERE value <> ''
ORDER BY value, kind, pos
