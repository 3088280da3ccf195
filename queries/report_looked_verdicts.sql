-- What came of the last look at each match, and why matches were not looked at; without those the
-- user rejected.
-- reads: comparisons, matches
-- columns: verdict, reason, rows, addresses, hosts
WITH counted AS (
    SELECT
        comparisons.verdict,
        CASE WHEN comparisons.verdict = 'not looked at' THEN comparisons.reason END AS reason,
        count(*) AS rows,
        count(DISTINCT comparisons.url) AS addresses,
        count(DISTINCT matches.url_host) AS hosts
    FROM comparisons
    JOIN matches ON matches.match_id = comparisons.match_id
    WHERE
        comparisons.latest
        AND NOT list_contains(
            CAST(getvariable('rejected') AS VARCHAR[]), comparisons.match_id
        )
    GROUP BY ALL
)

SELECT
    verdict,
    reason,
    rows,
    addresses,
    hosts
FROM counted
ORDER BY
    list_position(
        [
            'same file', 'same picture', 'edited copy', 'similar only', 'different', 'gone',
            'not looked at'
        ],
        verdict
    ),
    rows DESC,
    reason
