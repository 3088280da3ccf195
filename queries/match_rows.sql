-- One row per data set row tied to the case, strongest ties first, with the row's own fields.
-- reads: candidates, match_evidence, kinds, known_addresses, case_images, known_works, match_contradictions, image_refs
-- columns: case_id, match_id, dataset, edition, dataset_file, dataset_row, sample_id, hash, url, url_host, caption, width, height, similarity, punsafe, pwatermark, aesthetic, nsfw, license, language, md5, sha256, phash, strength, evidence, place, image_url, page_url, work_id, contradiction
WITH ranked AS (
    SELECT
        match_evidence.*,
        kinds.place,
        first_value(match_evidence.strength) OVER (
            PARTITION BY match_evidence.match_id
            ORDER BY kinds.place
        ) AS strongest
    FROM match_evidence
    JOIN kinds ON kinds.kind = match_evidence.kind
),

tied AS (
    SELECT
        match_id,
        min(strongest) AS strength,
        list(kind ORDER BY place, kind) AS evidence,
        arg_min(image_url, (place, image_url))
            FILTER (image_url IS NOT NULL AND strength = strongest) AS image_url
    FROM (
        SELECT
            match_id,
            kind,
            place,
            strength,
            strongest,
            min(image_url) AS image_url
        FROM ranked
        GROUP BY ALL
    )
    GROUP BY match_id
),

-- What a platform's API named as pictures of the artist's account.
by_account AS (
    SELECT DISTINCT image_url
    FROM image_refs
    WHERE source = 'API' AND image_url IS NOT NULL
),

seen AS (
    -- The artist's picture was found at this very host.
    SELECT
        candidates.match_id,
        bool_or(by_account.image_url IS NOT NULL) AS by_account
    FROM candidates
    JOIN known_addresses
        ON known_addresses.key = candidates.key AND known_addresses.host = candidates.url_host
    LEFT JOIN by_account ON by_account.image_url = known_addresses.image_url
    GROUP BY candidates.match_id
)

SELECT
    CAST(getvariable('case_id') AS VARCHAR) AS case_id,
    candidates.match_id,
    candidates.dataset,
    candidates.edition,
    candidates.dataset_file,
    candidates.dataset_row,
    candidates.sample_id,
    candidates.hash,
    candidates.url,
    candidates.url_host,
    candidates.caption,
    candidates.width,
    candidates.height,
    candidates.similarity,
    candidates.punsafe,
    candidates.pwatermark,
    candidates.aesthetic,
    candidates.nsfw,
    candidates.license,
    candidates.language,
    candidates.md5,
    candidates.sha256,
    candidates.phash,
    tied.strength,
    tied.evidence,
    CASE
        WHEN candidates.on_site THEN 'own_site'
        WHEN candidates.declared IS NOT NULL AND NOT candidates.on_account THEN 'declared'
        WHEN candidates.on_account OR seen.by_account THEN 'own_account'
        WHEN seen.match_id IS NOT NULL THEN 'seen_host'
        ELSE 'elsewhere'
    END AS place,
    tied.image_url,
    case_images.page_url,
    known_works.work_id,
    match_contradictions.contradiction
FROM candidates
JOIN tied ON tied.match_id = candidates.match_id
LEFT JOIN seen ON seen.match_id = candidates.match_id
LEFT JOIN case_images ON case_images.image_url = tied.image_url
LEFT JOIN known_works ON known_works.image_url = tied.image_url
LEFT JOIN match_contradictions ON match_contradictions.match_id = candidates.match_id
ORDER BY
    (SELECT min(kinds.place) FROM kinds WHERE kinds.strength = tied.strength),
    candidates.dataset,
    candidates.edition,
    candidates.dataset_file,
    candidates.dataset_row
