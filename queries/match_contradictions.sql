-- Rows with the artist's very address whose other fields do not fit the file seen there. Sizes are
-- compared as unordered pairs (some editions have the two swapped), and not above 3,840 pixels
-- (larger pictures were reduced before their size was taken).
-- reads: candidates, evidence_address, latest_files
-- columns: match_id, contradiction
WITH compared AS (
    SELECT
        candidates.match_id,
        CASE
            WHEN candidates.md5 <> latest_files.md5
                THEN concat(
                    'the address now serves other bytes: md5 ', candidates.md5, ' in the row, ',
                    latest_files.md5, ' on ', latest_files.seen_on
                )
            WHEN candidates.sha256 <> latest_files.sha256
                THEN concat(
                    'the address now serves other bytes: sha256 ', candidates.sha256,
                    ' in the row, ', latest_files.sha256, ' on ', latest_files.seen_on
                )
        END AS bytes,
        CASE
            WHEN
                greatest(latest_files.width, latest_files.height) <= 3840
                AND candidates.file_width > 0
                AND candidates.file_height > 0
                AND (
                    least(candidates.file_width, candidates.file_height)
                    <> least(latest_files.width, latest_files.height)
                    OR greatest(candidates.file_width, candidates.file_height)
                    <> greatest(latest_files.width, latest_files.height)
                )
                THEN concat(
                    'the address now serves another size: ', candidates.file_width, ' × ',
                    candidates.file_height, ' in the row, ', latest_files.width, ' × ',
                    latest_files.height, ' on ', latest_files.seen_on
                )
        END AS size
    FROM candidates
    JOIN evidence_address ON evidence_address.match_id = candidates.match_id
    JOIN latest_files ON latest_files.image_url = evidence_address.image_url
    WHERE evidence_address.kind IN ('url_exact', 'url_lossless')
)

SELECT
    match_id,
    concat_ws('; ', bytes, size) AS contradiction
FROM compared
WHERE bytes IS NOT NULL OR size IS NOT NULL
ORDER BY match_id
