-- Rows of one data file by each of its columns, in one pass: hosts as written, bins of sizes and
-- scores, languages, names in captions. '' stands for NULL, 'odd' for a value out of range; of
-- servers '/null' and '/odd'.
-- Bins: of sizes the power of two below, of similarity fiftieths, of the probabilities twentieths,
-- of aesthetic scores halves.
-- reads: dataset
-- columns: what, value, rows
WITH bins AS (
    SELECT
        CASE
            WHEN url IS NULL THEN '/null'
            WHEN regexp_matches(url, '^\s*[Hh][Tt][Tt][Pp][Ss]?://') THEN split_part(url, '/', 3)
            ELSE '/odd'
        END AS server,
        CASE
            WHEN caption IS NULL THEN ''
            WHEN caption = '' THEN 'empty'
            ELSE 'present'
        END AS caption,
        CASE
            WHEN width IS NULL THEN ''
            WHEN width NOT BETWEEN 1 AND 1000000 THEN 'odd'
            ELSE CAST(CAST(greatest(least(floor(log2(width)), 12), 5) AS INTEGER) AS VARCHAR)
        END AS width,
        CASE
            WHEN height IS NULL THEN ''
            WHEN height NOT BETWEEN 1 AND 1000000 THEN 'odd'
            ELSE CAST(CAST(greatest(least(floor(log2(height)), 12), 5) AS INTEGER) AS VARCHAR)
        END AS height,
        CASE
            WHEN similarity IS NULL THEN ''
            WHEN similarity NOT BETWEEN 0 AND 1 THEN 'odd'
            ELSE CAST(CAST(least(floor(similarity * 50), 49) AS INTEGER) AS VARCHAR)
        END AS similarity,
        CASE
            WHEN pwatermark IS NULL THEN ''
            WHEN pwatermark NOT BETWEEN 0 AND 1 THEN 'odd'
            ELSE CAST(CAST(least(floor(pwatermark * 20), 19) AS INTEGER) AS VARCHAR)
        END AS pwatermark,
        CASE
            WHEN punsafe IS NULL THEN ''
            WHEN punsafe NOT BETWEEN 0 AND 1 THEN 'odd'
            ELSE CAST(CAST(least(floor(punsafe * 20), 19) AS INTEGER) AS VARCHAR)
        END AS punsafe,
        CASE
            WHEN aesthetic IS NULL THEN ''
            WHEN aesthetic NOT BETWEEN 0 AND 12 THEN 'odd'
            ELSE CAST(CAST(least(floor(aesthetic * 2), 23) AS INTEGER) AS VARCHAR)
        END AS aesthetic,
        left(coalesce(language, ''), 40) AS language,
        CASE
            WHEN getvariable('has_names') THEN coalesce(caption_names(caption), '') ELSE ''
        END AS names
    FROM dataset
)

SELECT
    CASE
        WHEN grouping(server) = 0 THEN 'server'
        WHEN grouping(caption) = 0 THEN 'caption'
        WHEN grouping(width) = 0 THEN 'width'
        WHEN grouping(height) = 0 THEN 'height'
        WHEN grouping(similarity) = 0 THEN 'similarity'
        WHEN grouping(pwatermark) = 0 THEN 'pwatermark'
        WHEN grouping(punsafe) = 0 THEN 'punsafe'
        WHEN grouping(aesthetic) = 0 THEN 'aesthetic'
        WHEN grouping(language) = 0 THEN 'language'
        ELSE 'names'
    END AS what,
    coalesce(
        server,
        caption,
        width,
        height,
        similarity,
        pwatermark,
        punsafe,
        aesthetic,
        language,
        names
    ) AS value,
    count(*) AS rows
FROM bins
GROUP BY GROUPING SETS (
    (server), (caption), (width), (height), (similarity), (pwatermark), (punsafe), (aesthetic),
    (language), (names)
)
