-- The matches whose addresses may be asked for, and why the others may not. An address that any row
-- flags as unsafe is asked for by no row.
-- reads: matches
-- columns: match_id, url, work_id, image_url, dataset, edition, flagged, no_address, rejected
WITH flags AS (
    SELECT
        url,
        bool_or(
            -- NaN, which stands where the makers had no value, is above every number.
            coalesce(punsafe >= getvariable('punsafe') AND NOT isnan(punsafe), FALSE)
            OR coalesce(
                list_contains(CAST(getvariable('nsfw') AS VARCHAR[]), lower(trim(nsfw))), FALSE
            )
        ) AS flagged
    FROM matches
    WHERE url IS NOT NULL
    GROUP BY url
)

SELECT
    matches.match_id,
    matches.url,
    matches.work_id,
    matches.image_url,
    matches.dataset,
    matches.edition,
    coalesce(flags.flagged, FALSE) AS flagged,
    NOT coalesce(regexp_matches(matches.url, '^\s*https?://', 'i'), FALSE) AS no_address,
    list_contains(CAST(getvariable('rejected') AS VARCHAR[]), matches.match_id) AS rejected
FROM matches
LEFT JOIN flags ON flags.url = matches.url
ORDER BY
    matches.dataset,
    matches.edition,
    matches.dataset_file,
    matches.dataset_row,
    matches.match_id
