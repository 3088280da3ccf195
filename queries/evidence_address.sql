-- Rows whose address is one of the artist's: the strongest way in which the two agree. What rests on
-- a guess about addresses in general counts for pictures on the artist's own hosts; elsewhere other
-- people's pictures may be called alike.
-- reads: candidates, known_addresses
-- columns: match_id, kind, image_url, detail, weight
WITH tied AS (
    SELECT
        candidates.match_id,
        known_addresses.image_url,
        known_addresses.via,
        known_addresses.note,
        known_addresses.address,
        candidates.lossless,
        candidates.key,
        known_addresses.lossless IS NOT DISTINCT FROM candidates.key AS is_original,
        coalesce(candidates.rule, known_addresses.rule) AS rule,
        NOT known_addresses.own AND list_has_any(
            string_split(concat_ws('+', candidates.rule, known_addresses.rule), '+'),
            getvariable('guesses')
        ) AS guessed,
        CASE
            -- Cut, or resolved wrongly: the picture's address as the crawl wrote it.
            WHEN known_addresses.via = 3 AND candidates.lossless = known_addresses.lossless THEN 0
            WHEN candidates.url = known_addresses.address THEN 1
            WHEN candidates.lossless = known_addresses.lossless THEN 2
            -- Only the row's own address may be a wrapper of one of the artist's: the artist's
            -- page may itself show somebody else's picture through a wrapper.
            WHEN candidates.level = 4 AND coalesce(known_addresses.level, 0) <> 4 THEN 3
            ELSE 4
        END AS way
    FROM candidates
    JOIN known_addresses ON known_addresses.key = candidates.key
)

SELECT
    match_id,
    CASE way
        WHEN 0 THEN 'url_derived'
        WHEN 1 THEN 'url_exact'
        WHEN 2 THEN 'url_lossless'
        WHEN 3 THEN CASE WHEN guessed THEN 'url_alike' ELSE 'url_unwrapped' END
        ELSE CASE WHEN guessed THEN 'url_alike' ELSE 'url_rule' END
    END AS kind,
    image_url,
    concat_ws(
        ' · ',
        CASE way WHEN 0 THEN address WHEN 1 THEN address WHEN 2 THEN lossless ELSE key END,
        CASE WHEN way > 2 THEN 'rule: ' || rule END,
        note
    ) AS detail,
    CAST(1 AS DOUBLE) AS weight
FROM tied
QUALIFY
    row_number() OVER (
        PARTITION BY match_id
        -- Of several sizes the one that the rule or the wrapper leads to.
        ORDER BY (way > 2 AND guessed), CASE way WHEN 0 THEN 2 ELSE way END, via, is_original DESC, via, image_url, note
    ) = 1
ORDER BY match_id
