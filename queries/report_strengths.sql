-- How many matches there are of each strength, without those the user rejected.
-- reads: matches
-- columns: strength, matches, hosts, works, contradictions, undecided
SELECT
    strength,
    count(*) AS matches,
    count(DISTINCT url_host) AS hosts,
    count(DISTINCT work_id) AS works,
    count(contradiction) AS contradictions,
    count(*) FILTER (
        WHERE NOT list_contains(CAST(getvariable('confirmed') AS VARCHAR[]), match_id)
    ) AS undecided
FROM matches
WHERE NOT list_contains(CAST(getvariable('rejected') AS VARCHAR[]), match_id)
GROUP BY strength
ORDER BY strength
