-- Every match, strongest first, then by data set, file and row; `place` with the hosts that the
-- user said they know.
-- reads: matches
-- columns: case_id, match_id, dataset, edition, dataset_file, dataset_row, sample_id, hash, url, url_host, caption, width, height, similarity, punsafe, pwatermark, aesthetic, nsfw, license, language, md5, sha256, phash, strength, evidence, place, image_url, page_url, work_id, contradiction
SELECT
    case_id,
    match_id,
    dataset,
    edition,
    dataset_file,
    dataset_row,
    sample_id,
    hash,
    url,
    url_host,
    caption,
    width,
    height,
    similarity,
    punsafe,
    pwatermark,
    aesthetic,
    nsfw,
    license,
    language,
    md5,
    sha256,
    phash,
    strength,
    evidence,
    CASE
        WHEN place <> 'elsewhere' THEN place
        WHEN list_contains(CAST(getvariable('licensed_hosts') AS VARCHAR []), url_host)
            THEN 'licensed_site'
        WHEN list_contains(CAST(getvariable('known_hosts') AS VARCHAR []), url_host)
            THEN 'known_site'
        ELSE place
    END AS place,
    image_url,
    page_url,
    work_id,
    contradiction
FROM matches
ORDER BY
    list_position(
        ['same_address', 'same_image', 'similar_image', 'lead', 'caption_only'], strength
    ),
    dataset,
    edition,
    dataset_file,
    dataset_row,
    match_id
