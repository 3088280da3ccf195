-- How many matches there are of each place and strength, and what the user said of them; `place`
-- with the hosts that the user said they know. Same address and same image wait for no word.
-- reads: matches, said
-- columns: place, strength, matches, certain, waiting, confirmed, rejected
SELECT
    CASE
        WHEN matches.place <> 'elsewhere' THEN matches.place
        WHEN list_contains(CAST(getvariable('licensed_hosts') AS VARCHAR []), matches.url_host)
            THEN 'licensed_site'
        WHEN list_contains(CAST(getvariable('known_hosts') AS VARCHAR []), matches.url_host)
            THEN 'known_site'
        ELSE matches.place
    END AS place,
    matches.strength,
    count(*) AS matches,
    count(*) FILTER (
        WHERE said.verdict IS NULL AND matches.strength IN ('same_address', 'same_image')
    ) AS certain,
    count(*) FILTER (
        WHERE said.verdict IS NULL AND matches.strength NOT IN ('same_address', 'same_image')
    ) AS waiting,
    count(*) FILTER (WHERE said.verdict = 'confirmed') AS confirmed,
    count(*) FILTER (WHERE said.verdict = 'rejected') AS rejected
FROM matches
LEFT JOIN said ON said.match_id = matches.match_id
GROUP BY ALL
ORDER BY
    place,
    matches.strength
