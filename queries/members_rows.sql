-- Rows found for a member, counted by strength, host and edition; without those it rejected.
-- reads: matches, rejections
-- columns: strength, host, edition, rows
SELECT
    matches.strength,
    coalesce(matches.url_host, '') AS host,
    CASE WHEN matches.edition = '' THEN matches.dataset ELSE matches.edition END AS edition,
    count(*) AS rows
FROM matches
WHERE NOT EXISTS (SELECT 1 FROM rejections WHERE rejections.match_id = matches.match_id)
GROUP BY ALL
ORDER BY ALL
