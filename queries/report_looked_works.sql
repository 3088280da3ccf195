-- How many rows, addresses and hosts hold each work: those whose address served a copy when it was
-- looked at, and those that only the search ties to it. Rejected ones are left out.
-- reads: matches, comparisons, works
-- columns: work_id, title, rows, addresses, hosts, verified_rows, verified_addresses, verified_hosts, unverified_rows, gone_rows, total
WITH titles AS (
    SELECT
        work_id,
        min_by(title, image_url) AS title
    FROM works
    GROUP BY work_id
),

told AS (
    SELECT
        matches.match_id,
        matches.work_id,
        matches.url,
        matches.url_host,
        list_contains(matches.evidence, 'verified_copy') AS verified,
        coalesce(comparisons.verdict = 'gone', FALSE) AS gone
    FROM matches
    LEFT JOIN comparisons ON comparisons.match_id = matches.match_id AND comparisons.latest
    WHERE
        matches.work_id IS NOT NULL
        AND NOT list_contains(CAST(getvariable('rejected') AS VARCHAR[]), matches.match_id)
)

SELECT
    told.work_id,
    any_value(titles.title) AS title,
    count(*) AS rows,
    count(DISTINCT told.url) AS addresses,
    count(DISTINCT told.url_host) AS hosts,
    count(*) FILTER (WHERE told.verified) AS verified_rows,
    count(DISTINCT told.url) FILTER (WHERE told.verified) AS verified_addresses,
    count(DISTINCT told.url_host) FILTER (WHERE told.verified) AS verified_hosts,
    count(*) FILTER (WHERE NOT told.verified) AS unverified_rows,
    count(*) FILTER (WHERE told.gone) AS gone_rows,
    count(*) OVER () AS total
FROM told
LEFT JOIN titles ON titles.work_id = told.work_id
GROUP BY told.work_id
ORDER BY
    count(*) FILTER (WHERE told.verified) DESC,
    count(*) DESC,
    title,
    told.work_id
LIMIT getvariable('most')
