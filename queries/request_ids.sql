-- The matches that the user named, by id or by the host of the row's address.
-- reads: matches
-- columns: match_id, url_host, strength
SELECT
    match_id,
    url_host,
    strength
FROM matches
WHERE
    match_id IN (SELECT unnest(CAST(getvariable('ids') AS VARCHAR [])))
    OR url_host IN (SELECT unnest(CAST(getvariable('hosts') AS VARCHAR [])))
ORDER BY match_id
