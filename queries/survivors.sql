-- Rows of one data set file that may concern the case: a cheap sieve that loses nothing, before
-- every row left is looked at closely. Rows without a readable address come along to be counted.
-- Text is compared in lower case and without accents; what the sieve cannot judge passes.
-- reads: dataset, wanted_stems, wanted_hashes, wanted_texts
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
FROM (
    SELECT
        *,
        ltrim(
            lower(
                parse_filename(split_part(split_part(url, '?', 1), '#', 1), FALSE, 'forward_slash')
            ),
            ' ._-'
        ) AS file_name
    FROM dataset
)
WHERE
    url IS NULL
    OR NOT regexp_matches(url, '(?i)^\s*https?://')
    -- A host written in other letters, encoded or with a line end inside.
    OR regexp_matches(url, '(?i)^\s*https?://[^/?#]*[^/?#A-Za-z0-9._:@\[\]-]')
    OR regexp_matches(url, getvariable('address_pattern_1'))
    OR regexp_matches(url, getvariable('address_pattern_2'))
    OR regexp_matches(url, getvariable('address_pattern_3'))
    OR regexp_matches(url, getvariable('address_pattern_4'))
    OR md5 IN (SELECT hash FROM wanted_hashes)
    OR sha256 IN (SELECT hash FROM wanted_hashes)
    -- The file name begins as a wanted one does; what marks of size follow is seen later.
    OR left(file_name, 12) IN (SELECT start FROM wanted_stems)
    OR left(file_name, 7) IN (SELECT start FROM wanted_stems)
    OR (
        regexp_matches(file_name, getvariable('stem_starts'))
        AND (
            left(ltrim(regexp_replace(file_name, getvariable('stem_starts'), ''), ' ._-'), 12)
            IN (SELECT start FROM wanted_stems)
            OR left(ltrim(regexp_replace(file_name, getvariable('stem_starts'), ''), ' ._-'), 7)
            IN (SELECT start FROM wanted_stems)
        )
    )
    OR regexp_matches(strip_accents(caption), getvariable('name_pattern'))
    OR (
        getvariable('captions_wanted')
        AND (length(caption) > 2000 OR regexp_matches(caption, '&#?[A-Za-z0-9]{1,31};|\\\\|\pC'))
    )
    OR CASE
        WHEN regexp_matches(caption, '\s\s|^\s|\s$|[|“”‘’]|\pZ\pZ|[^\x20\PZ]')
            THEN lower(
                trim(
                    regexp_replace(
                        translate(nfc_normalize(caption), '“”‘’|', '""'''' '),
                        '[\s\pZ]+',
                        ' ',
                        'g'
                    )
                )
            )
        -- Letters and their accents may stand apart (NFD); plain ASCII needs no look.
        WHEN strlen(caption) <> length(caption) THEN lower(nfc_normalize(caption))
        ELSE lower(caption)
    END IN (SELECT text FROM wanted_texts)
