-- Rows that this search tied to the artist and the one before did not, the other way round, and
-- those tied by evidence of another strength; whether both searches read the row's file.
-- reads: matches, matches_before
-- columns: change, match_id, dataset, edition, dataset_file, dataset_row, url, url_host, strength, place, both_read
WITH searched AS (
    SELECT match_id, dataset, edition, dataset_file, dataset_row, url, url_host, strength, place
    FROM matches
    WHERE match_id NOT IN (SELECT unnest(CAST(getvariable('rejected') AS VARCHAR [])))
),

changed AS (
    SELECT
        'new' AS change,
        searched.*
    FROM searched
    WHERE match_id NOT IN (SELECT match_id FROM matches_before)
    UNION ALL
    SELECT
        'now ' || replace(searched.strength, '_', ' ') AS change,
        searched.*
    FROM searched
    JOIN matches_before ON matches_before.match_id = searched.match_id
    WHERE matches_before.strength IS DISTINCT FROM searched.strength
    UNION ALL
    SELECT
        'gone' AS change,
        before.*
    FROM matches_before AS before
    WHERE match_id NOT IN (SELECT match_id FROM matches)
)

SELECT
    change,
    match_id,
    dataset,
    edition,
    dataset_file,
    dataset_row,
    url,
    url_host,
    strength,
    place,
    list_contains(
        CASE WHEN change = 'gone' THEN CAST(getvariable('files_now') AS VARCHAR [])
            ELSE CAST(getvariable('files_before') AS VARCHAR [])
        END,
        concat_ws(chr(10), nullif(dataset, ''), nullif(edition, ''), dataset_file)
    ) AS both_read
FROM changed
ORDER BY
    change != 'new',
    change = 'gone',
    list_position(
        ['same_address', 'same_image', 'similar_image', 'lead', 'caption_only'], strength
    ),
    dataset,
    edition,
    dataset_file,
    dataset_row,
    match_id
