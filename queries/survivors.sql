-- The other columns of rows of one data set file that tie to somebody: what was read to sieve the
-- rows is not read again.
-- reads: dataset
-- columns: dataset_row, caption, md5, sha256, sample_id, hash, nsfw, license, language, phash, similarity, punsafe, pwatermark, aesthetic, width, height, file_width, file_height
SELECT
    dataset_row,
    CASE WHEN NOT getvariable('captions') THEN caption END AS caption,
    CASE WHEN NOT getvariable('hashes') THEN md5 END AS md5,
    CASE WHEN NOT getvariable('hashes') THEN sha256 END AS sha256,
    sample_id,
    hash,
    nsfw,
    license,
    language,
    CASE WHEN NOT getvariable('phashes') THEN phash END AS phash,
    similarity,
    punsafe,
    pwatermark,
    aesthetic,
    width,
    height,
    file_width,
    file_height
FROM dataset
ORDER BY dataset_row
