-- The matches that may enter a request, with what the crawl knows of the artist's image.
-- Same address and same image enter by themselves; everything else only when the user
-- confirmed it; what the user rejected never does.
-- reads: matches, works, images, hops
-- columns: match_id, dataset, edition, dataset_file, dataset_row, sample_id, hash, url, caption, strength, evidence, place, image_url, page_url, work_id, contradiction, confirmed, work_title, image_sha256, http_status, last_modified, captured_at, signal_found, signal_value, signal_first_seen, signal_last_seen
WITH said AS (
    SELECT
        *,
        match_id IN (SELECT unnest(CAST(getvariable('confirmed') AS VARCHAR []))) AS confirmed
    FROM matches
    WHERE match_id NOT IN (SELECT unnest(CAST(getvariable('rejected') AS VARCHAR [])))
),

chosen AS (
    SELECT *
    FROM said
    WHERE strength IN ('same_address', 'same_image') OR confirmed
),

titles AS (
    SELECT
        work_id,
        image_url,
        min(title) AS work_title
    FROM works
    GROUP BY work_id, image_url
),

-- The latest answer of each image; a record without an answer only where there is no other.
answers AS (
    SELECT
        image_url,
        sha256 AS image_sha256,
        status AS http_status,
        last_modified,
        strftime(observed_at, '%Y-%m-%dT%H:%M:%SZ') AS captured_at
    FROM images
    WHERE image_url IN (SELECT image_url FROM chosen)
    QUALIFY row_number() OVER (
        PARTITION BY image_url
        ORDER BY outcome = 'fetched' DESC, observed_at DESC, run_id DESC
    ) = 1
),

header_lines AS (
    SELECT
        url AS image_url,
        observed_at,
        unnest(headers) AS header
    FROM hops
    WHERE subject = 'image' AND url IN (SELECT image_url FROM chosen)
),

signals AS (
    SELECT
        image_url,
        string_agg(DISTINCT lower(header.name), '; ' ORDER BY lower(header.name)) AS signal_found,
        string_agg(DISTINCT header.value, '; ' ORDER BY header.value) AS signal_value,
        strftime(min(observed_at), '%Y-%m-%dT%H:%M:%SZ') AS signal_first_seen,
        strftime(max(observed_at), '%Y-%m-%dT%H:%M:%SZ') AS signal_last_seen
    FROM header_lines
    WHERE lower(header.name) IN ('x-robots-tag', 'tdm-reservation', 'content-usage')
    GROUP BY image_url
)

SELECT
    chosen.match_id,
    chosen.dataset,
    chosen.edition,
    chosen.dataset_file,
    chosen.dataset_row,
    chosen.sample_id,
    chosen.hash,
    chosen.url,
    chosen.caption,
    chosen.strength,
    chosen.evidence,
    chosen.place,
    chosen.image_url,
    chosen.page_url,
    chosen.work_id,
    chosen.contradiction,
    chosen.confirmed,
    titles.work_title,
    answers.image_sha256,
    answers.http_status,
    answers.last_modified,
    answers.captured_at,
    signals.signal_found,
    signals.signal_value,
    signals.signal_first_seen,
    signals.signal_last_seen
FROM chosen
LEFT JOIN titles ON titles.work_id = chosen.work_id AND titles.image_url = chosen.image_url
LEFT JOIN answers ON answers.image_url = chosen.image_url
LEFT JOIN signals ON signals.image_url = chosen.image_url
ORDER BY
    chosen.dataset,
    chosen.edition,
    chosen.dataset_file,
    chosen.dataset_row,
    chosen.match_id
