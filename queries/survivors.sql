-- Rows of one data set file that passed the sieve, in full, to be looked at closely.
-- reads: dataset
-- columns: dataset_row, url, caption, sample_id, hash, nsfw, license, language, phash, md5, sha256, similarity, punsafe, pwatermark, aesthetic, width, height, file_width, file_height
SELECT
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
FROM dataset
ORDER BY dataset_row
