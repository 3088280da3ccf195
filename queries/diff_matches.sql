-- Matches of one search that another did not find, and those it found on other grounds.
-- reads: matches_before, matches_after
-- columns: change, match_id, dataset, edition, dataset_file, dataset_row, url, url_host, strength_before, strength_after
SELECT
    CASE
        WHEN matches_after.match_id IS NULL THEN 'gone'
        WHEN matches_before.match_id IS NULL THEN 'new'
        ELSE 'changed'
    END AS change,
    coalesce(matches_after.match_id, matches_before.match_id) AS match_id,
    coalesce(matches_after.dataset, matches_before.dataset) AS dataset,
    coalesce(matches_after.edition, matches_before.edition) AS edition,
    coalesce(matches_after.dataset_file, matches_before.dataset_file) AS dataset_file,
    coalesce(matches_after.dataset_row, matches_before.dataset_row) AS dataset_row,
    coalesce(matches_after.url, matches_before.url) AS url,
    coalesce(matches_after.url_host, matches_before.url_host) AS url_host,
    matches_before.strength AS strength_before,
    matches_after.strength AS strength_after
FROM matches_before
FULL JOIN matches_after ON matches_after.match_id = matches_before.match_id
WHERE matches_before.strength IS DISTINCT FROM matches_after.strength
ORDER BY
    change DESC,
    dataset,
    edition,
    dataset_file,
    dataset_row,
    match_id
