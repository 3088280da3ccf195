-- Rows whose hash is that of a file found at one of the artist's addresses.
-- reads: candidates, case_files
-- columns: match_id, kind, image_url, detail, weight
WITH same AS (
    SELECT
        candidates.match_id,
        case_files.image_url,
        'md5 ' || case_files.md5 AS detail
    FROM candidates
    JOIN case_files ON case_files.md5 = candidates.md5
    UNION ALL
    SELECT
        candidates.match_id,
        case_files.image_url,
        'sha256 ' || case_files.sha256
    FROM candidates
    JOIN case_files ON case_files.sha256 = candidates.sha256
)

SELECT
    match_id,
    'file_hash' AS kind,
    min(image_url) AS image_url,
    min(detail) AS detail,
    CAST(1 AS DOUBLE) AS weight
FROM same
GROUP BY match_id
ORDER BY match_id
