-- Hosts that stand inside the addresses of an index's rows, behind the host that serves them: a
-- proxy or a resizer carries another address so. Odd rows come with the hosts a close look found.
-- reads: rows, odd_places
-- columns: domain, site, pos
SELECT DISTINCT
    left(md5(array_to_string(labels[-2:], '.')), 8) AS domain,
    left(md5(array_to_string(labels[-3:], '.')), 8) AS site,
    pos
FROM (
    SELECT
        pos,
        string_split(host, '.') AS labels
    FROM (
        SELECT
            pos,
            unnest(
                regexp_extract_all(
                    regexp_replace(lower(rest), '%(?:25)*[0-9a-f]{2}', '/', 'g'),
                    '((?:[\pL\pN_-]+\.)+[\pL\pN_-]+)\.?(?:[/?#]|:[0-9/])',
                    1
                )
            ) AS host
        FROM (
            SELECT
                pos,
                substr(url, 9 + length(split_part(url, '/', 3))) AS rest
            FROM rows
            WHERE url IS NOT NULL
        )
        WHERE
            regexp_matches(rest, '\.[^./?#&=%: ]+\.?(?:/|:[0-9/]|%(?:25)*(?:2[fF]|3[aAfF]|23|5[cC]))')
    )
    UNION ALL
    SELECT
        pos,
        string_split(host, '.') AS labels
    FROM odd_places
)
ORDER BY domain, site, pos
