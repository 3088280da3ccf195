-- The data set rows that a pack is about, with all their fields, strongest first.
-- reads: matches
-- columns: match_id, dataset, edition, dataset_file, dataset_row, sample_id, hash, url, url_host, caption, width, height, similarity, punsafe, pwatermark, aesthetic, nsfw, license, language, md5, sha256, phash, strength, evidence, place, image_url, page_url, work_id, contradiction
SELECT
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
    place,
    image_url,
    page_url,
    work_id,
    contradiction
FROM matches
WHERE match_id IN (SELECT unnest(CAST(getvariable('match_ids') AS VARCHAR [])))
ORDER BY
    list_position(
        ['same_address', 'same_image', 'similar_image', 'lead', 'caption_only'], strength
    ),
    dataset,
    edition,
    dataset_file,
    dataset_row,
    match_id
