-- What the page shows of some matches: long texts as their beginning and their length.
-- reads: matches, works, said
-- columns: match_id, dataset, edition, dataset_file, dataset_row, sample_id, url, url_length, url_host, caption, caption_length, width, height, similarity, punsafe, nsfw, license, strength, evidence, place, image_url, page_url, work_id, contradiction, work_title, verdict
WITH titles AS (
    SELECT
        work_id,
        left(min_by(title, image_url), 500) AS work_title
    FROM works
    GROUP BY work_id
)

SELECT
    matches.match_id,
    matches.dataset,
    matches.edition,
    matches.dataset_file,
    matches.dataset_row,
    matches.sample_id,
    left(matches.url, getvariable('long')) AS url,
    length(matches.url) AS url_length,
    matches.url_host,
    left(matches.caption, getvariable('long')) AS caption,
    length(matches.caption) AS caption_length,
    matches.width,
    matches.height,
    matches.similarity,
    matches.punsafe,
    matches.nsfw,
    matches.license,
    matches.strength,
    matches.evidence,
    CASE
        WHEN matches.place <> 'elsewhere' THEN matches.place
        WHEN list_contains(CAST(getvariable('licensed_hosts') AS VARCHAR []), matches.url_host)
            THEN 'licensed_site'
        WHEN list_contains(CAST(getvariable('known_hosts') AS VARCHAR []), matches.url_host)
            THEN 'known_site'
        ELSE matches.place
    END AS place,
    matches.image_url,
    matches.page_url,
    matches.work_id,
    left(matches.contradiction, 1000) AS contradiction,
    titles.work_title,
    CASE
        WHEN said.verdict IS NOT NULL THEN said.verdict
        WHEN matches.strength IN ('same_address', 'same_image') THEN 'certain'
        ELSE 'waiting'
    END AS verdict
FROM matches
LEFT JOIN titles ON titles.work_id = matches.work_id
LEFT JOIN said ON said.match_id = matches.match_id
WHERE matches.match_id IN (SELECT unnest(CAST(getvariable('ids') AS VARCHAR [])))
ORDER BY
    list_position(CAST(getvariable('ids') AS VARCHAR []), matches.match_id)
