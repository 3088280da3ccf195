-- The matches with all their evidence, strongest ties first: rows of the search, and rows that a
-- model alone found. A row that an address now contradicts says so.
-- reads: found_matches, similar_rows, joined_evidence, comparisons, kinds, case_images
-- columns: case_id, match_id, dataset, edition, dataset_file, dataset_row, sample_id, hash, url, url_host, caption, width, height, similarity, punsafe, pwatermark, aesthetic, nsfw, license, language, md5, sha256, phash, strength, evidence, place, image_url, page_url, work_id, contradiction
WITH alike AS (
    SELECT *
    FROM similar_rows
    WHERE kind = 'embedding' AND match_id NOT IN (SELECT match_id FROM found_matches)
    QUALIFY row_number() OVER (PARTITION BY match_id ORDER BY model_similarity DESC, view) = 1
),

base AS (
    SELECT
        * EXCLUDE (strength, evidence, image_url, page_url, work_id, contradiction),
        contradiction AS said
    FROM found_matches
    UNION ALL BY NAME
    SELECT
        case_id, match_id, dataset, edition, dataset_file, dataset_row, url, url_host, caption,
        width, height, similarity, punsafe, pwatermark, aesthetic, nsfw, md5, sha256, phash,
        CASE
            WHEN url_host IN (SELECT url_host FROM found_matches WHERE place = 'own_site')
                THEN 'own_site'
            ELSE 'elsewhere'
        END AS place
    FROM alike
),

ranked AS (
    SELECT
        joined_evidence.*,
        kinds.place,
        first_value(joined_evidence.strength) OVER (
            PARTITION BY joined_evidence.match_id
            ORDER BY kinds.place
        ) AS strongest
    FROM joined_evidence
    JOIN kinds ON kinds.kind = joined_evidence.kind
),

tied AS (
    SELECT
        match_id,
        min(strongest) AS strength,
        list(kind ORDER BY place, kind) AS evidence,
        arg_min(image_url, (place, image_url))
            FILTER (image_url IS NOT NULL AND strength = strongest) AS image_url,
        arg_min(work_id, (place, image_url))
            FILTER (image_url IS NOT NULL AND strength = strongest) AS work_id
    FROM (
        SELECT
            match_id,
            kind,
            place,
            strength,
            strongest,
            min(image_url) AS image_url,
            arg_min(work_id, image_url) AS work_id
        FROM ranked
        GROUP BY ALL
    )
    GROUP BY match_id
),

-- Only the last look counts: the address may have served something else before.
now AS (
    SELECT
        match_id,
        concat('the address serves another picture, looked at on ',
            strftime(looked_at, '%Y-%m-%d')) AS seen
    FROM comparisons
    WHERE latest AND verdict = 'different' AND looked_at IS NOT NULL
)

SELECT
    base.case_id,
    base.match_id,
    base.dataset,
    base.edition,
    base.dataset_file,
    base.dataset_row,
    base.sample_id,
    base.hash,
    base.url,
    base.url_host,
    base.caption,
    base.width,
    base.height,
    base.similarity,
    base.punsafe,
    base.pwatermark,
    base.aesthetic,
    base.nsfw,
    base.license,
    base.language,
    base.md5,
    base.sha256,
    base.phash,
    tied.strength,
    tied.evidence,
    base.place,
    tied.image_url,
    case_images.page_url,
    tied.work_id,
    nullif(
        concat_ws(
            '; ',
            nullif(
                regexp_replace(
                    base.said, '(; )?the address serves another picture, looked at on .*$', ''
                ),
                ''
            ),
            now.seen
        ),
        ''
    ) AS contradiction
FROM base
JOIN tied ON tied.match_id = base.match_id
LEFT JOIN now ON now.match_id = base.match_id
LEFT JOIN case_images ON case_images.image_url = tied.image_url
ORDER BY
    (SELECT min(kinds.place) FROM kinds WHERE kinds.strength = tied.strength),
    base.dataset,
    base.edition,
    base.dataset_file,
    base.dataset_row
