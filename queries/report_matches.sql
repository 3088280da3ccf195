-- The first matches of each strength with all their evidence, without those the user rejected.
-- reads: matches, evidence, comparisons
-- columns: match_id, dataset, edition, dataset_file, dataset_row, sample_id, hash, url, url_host, caption, width, height, similarity, punsafe, pwatermark, aesthetic, nsfw, license, language, md5, sha256, phash, strength, place, image_url, page_url, work_id, contradiction, looked_verdict, looked_at, looked_reason, reasons, reason_count
WITH chosen AS (
    SELECT *
    FROM matches
    WHERE NOT list_contains(CAST(getvariable('rejected') AS VARCHAR[]), match_id)
    QUALIFY
        row_number() OVER (
            PARTITION BY strength
            ORDER BY dataset, edition, dataset_file, dataset_row, match_id
        ) <= getvariable('most')
),

reasons AS (
    SELECT
        evidence.match_id,
        -- A caption may hold 100 kB; the page shows its beginning, the files all of it.
        list(
            {
                'kind': evidence.kind,
                'detail': left(evidence.detail, 1000),
                'detail_length': length(evidence.detail),
                'weight': evidence.weight,
                'image_url': evidence.image_url
            }
            ORDER BY
                list_position(
                    ['same_address', 'same_image', 'similar_image', 'lead', 'caption_only'],
                    evidence.strength
                ),
                evidence.weight DESC,
                evidence.kind,
                evidence.image_url,
                evidence.detail
        ) AS reasons
    FROM evidence
    WHERE evidence.match_id IN (SELECT match_id FROM chosen)
    GROUP BY evidence.match_id
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
    chosen.url_host,
    chosen.caption,
    chosen.width,
    chosen.height,
    chosen.similarity,
    chosen.punsafe,
    chosen.pwatermark,
    chosen.aesthetic,
    chosen.nsfw,
    chosen.license,
    chosen.language,
    chosen.md5,
    chosen.sha256,
    chosen.phash,
    chosen.strength,
    CASE
        WHEN chosen.place <> 'elsewhere' THEN chosen.place
        WHEN list_contains(CAST(getvariable('licensed_hosts') AS VARCHAR []), chosen.url_host)
            THEN 'licensed_site'
        WHEN list_contains(CAST(getvariable('known_hosts') AS VARCHAR []), chosen.url_host)
            THEN 'known_site'
        ELSE chosen.place
    END AS place,
    chosen.image_url,
    chosen.page_url,
    chosen.work_id,
    chosen.contradiction,
    comparisons.verdict AS looked_verdict,
    comparisons.looked_at,
    comparisons.reason AS looked_reason,
    coalesce(reasons.reasons[1:20], []) AS reasons,
    coalesce(len(reasons.reasons), 0) AS reason_count
FROM chosen
LEFT JOIN reasons ON reasons.match_id = chosen.match_id
LEFT JOIN comparisons ON comparisons.match_id = chosen.match_id AND comparisons.latest
ORDER BY
    chosen.strength,
    chosen.dataset,
    chosen.edition,
    chosen.dataset_file,
    chosen.dataset_row,
    chosen.match_id
