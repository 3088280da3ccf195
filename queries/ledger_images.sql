-- What each run saw of an image itself: present with the SHA-256 of its bytes, gone, or unknown.
-- reads: located_images
-- columns: archived, subject, place, signal, state, sha256, raw, reason, observed_at, run_id, file, file_rows
WITH judged AS (
    SELECT
        *,
        source = 'capture' AS archived,
        CASE
            WHEN list_contains(getvariable('ledger_gone'), status) THEN 'absent'
            WHEN outcome NOT IN ('fetched', 'too_large') OR status IS NULL THEN 'unknown'
            WHEN status NOT BETWEEN 200 AND 299 THEN 'unknown'
            WHEN sniffed_type = 'text/html' THEN 'absent'
            ELSE 'present'
        END AS state
    FROM located_images
    WHERE outcome != 'listed'
),

-- Where its bytes were read once, an answer without them says nothing about them.
compared AS (
    SELECT
        *,
        state = 'present' AND sha256 IS NULL
        AND count(sha256) FILTER (WHERE state = 'present')
            OVER (PARTITION BY archived, image_url) > 0 AS unread
    FROM judged
)

SELECT
    archived,
    'image' AS subject,
    image_url AS place,
    'image' AS signal,
    CASE WHEN unread THEN 'unknown' ELSE state END AS state,
    CASE WHEN state = 'present' THEN sha256 END AS sha256,
    CAST(NULL AS BLOB) AS raw,
    CASE
        WHEN unread THEN 'it is there, its bytes were not read'
        WHEN state = 'present' AND sha256 IS NULL THEN 'its bytes were not read'
        WHEN state = 'present' THEN NULL
        WHEN reason IS NOT NULL THEN reason
        WHEN status BETWEEN 200 AND 299 THEN 'answered with a web page'
        ELSE coalesce('answered ' || status, outcome)
    END AS reason,
    observed_at,
    run_id,
    file,
    [file_row] AS file_rows
FROM compared
ORDER BY
    place,
    observed_at,
    file,
    file_row
