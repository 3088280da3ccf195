-- The rows of an index that may concern what is asked: those on the hosts, and those at the
-- positions that its other tables gave; in the order of the source.
-- reads: rows, asked_domains, asked_sites, asked_positions
-- columns: file, dataset_row, url, caption, sample_id, hash, nsfw, license, language, phash, md5, sha256, similarity, punsafe, pwatermark, aesthetic, width, height, file_width, file_height
SELECT
    file,
    dataset_row,
    url,
    caption,
    sample_id,
    hash,
    nsfw,
    license,
    language,
    phash,
    md5,
    sha256,
    similarity,
    punsafe,
    pwatermark,
    aesthetic,
    width,
    height,
    file_width,
    file_height
FROM (
    SELECT *
    FROM rows
    WHERE domain IN (SELECT domain FROM asked_domains)
    UNION ALL
    SELECT *
    FROM rows
    WHERE
        domain IN (SELECT domain FROM asked_sites)
        AND site IN (SELECT site FROM asked_sites)
        AND domain NOT IN (SELECT domain FROM asked_domains)
    UNION ALL
    SELECT *
    FROM rows
    WHERE
        pos IN (SELECT pos FROM asked_positions)
        AND NOT (
            domain IN (SELECT domain FROM asked_sites)
            AND site IN (SELECT site FROM asked_sites)
        )
        AND domain NOT IN (SELECT domain FROM asked_domains)
)
WHERE url IS NOT NULL
ORDER BY file, dataset_row
