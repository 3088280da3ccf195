-- The matches that a list of the page names, strongest first, by number from `skip` on; a choice
-- that is NULL takes all. `total` is the number of all of them.
-- reads: matches, said
-- columns: match_id, position, total
WITH placed AS (
    SELECT
        matches.match_id,
        matches.strength,
        matches.dataset,
        matches.edition,
        matches.dataset_file,
        matches.dataset_row,
        coalesce(matches.url_host, '') AS host,
        coalesce(matches.work_id, '') AS work,
        CASE
            WHEN getvariable('folder') IS NULL THEN NULL
            ELSE left(regexp_extract(coalesce(matches.url, ''), '^[^?#]*/'), 2000)
        END AS folder,
        CASE
            WHEN matches.place <> 'elsewhere' THEN matches.place
            WHEN list_contains(CAST(getvariable('licensed_hosts') AS VARCHAR []), matches.url_host)
                THEN 'licensed_site'
            WHEN list_contains(CAST(getvariable('known_hosts') AS VARCHAR []), matches.url_host)
                THEN 'known_site'
            ELSE matches.place
        END AS place,
        CASE
            WHEN said.verdict IS NOT NULL THEN said.verdict
            WHEN matches.strength IN ('same_address', 'same_image') THEN 'certain'
            ELSE 'waiting'
        END AS verdict
    FROM matches
    LEFT JOIN said ON said.match_id = matches.match_id
)

SELECT
    match_id,
    row_number() OVER chosen_first AS position,
    count(*) OVER () AS total
FROM placed
WHERE
    (
        getvariable('places') IS NULL
        OR list_contains(CAST(getvariable('places') AS VARCHAR []), place)
    )
    AND (getvariable('strength') IS NULL OR strength = getvariable('strength'))
    AND (getvariable('host') IS NULL OR host = getvariable('host'))
    AND (getvariable('work') IS NULL OR work = getvariable('work'))
    AND (getvariable('folder') IS NULL OR folder = getvariable('folder'))
    AND (getvariable('verdict') IS NULL OR verdict = getvariable('verdict'))
WINDOW
    chosen_first AS (
        ORDER BY
            list_position(
                ['same_address', 'same_image', 'similar_image', 'lead', 'caption_only'], strength
            ),
            dataset,
            edition,
            dataset_file,
            dataset_row,
            match_id
    )
QUALIFY
    position > getvariable('skip')
    AND (getvariable('most') IS NULL OR position <= getvariable('skip') + getvariable('most'))
ORDER BY position
