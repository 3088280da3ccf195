-- The matches by host, by folder of the row's address or by work (`group_by`), the largest groups first;
-- `elsewhere` counts rows on other people's sites, `total` is the number of all groups.
-- reads: matches, works, said
-- columns: value, title, matches, waiting, confirmed, rejected, elsewhere, total
WITH titles AS (
    SELECT
        work_id,
        left(min_by(title, image_url), 500) AS title
    FROM works
    GROUP BY work_id
),

grouped AS (
    SELECT
        CASE getvariable('group_by')
            WHEN 'host' THEN coalesce(matches.url_host, '')
            WHEN 'folder' THEN left(regexp_extract(coalesce(matches.url, ''), '^[^?#]*/'), 2000)
            ELSE coalesce(matches.work_id, '')
        END AS value,
        matches.strength,
        matches.place,
        said.verdict
    FROM matches
    LEFT JOIN said ON said.match_id = matches.match_id
),

counted AS (
    SELECT
        value,
        count(*) AS matches,
        count(*) FILTER (
            WHERE verdict IS NULL AND strength NOT IN ('same_address', 'same_image')
        ) AS waiting,
        count(*) FILTER (WHERE verdict = 'confirmed') AS confirmed,
        count(*) FILTER (WHERE verdict = 'rejected') AS rejected,
        count(*) FILTER (WHERE place = 'elsewhere') AS elsewhere,
        count(*) OVER () AS total
    FROM grouped
    GROUP BY value
    ORDER BY
        matches DESC,
        value
    LIMIT getvariable('most')
    OFFSET getvariable('skip')
)

SELECT
    counted.value,
    titles.title,
    counted.matches,
    counted.waiting,
    counted.confirmed,
    counted.rejected,
    counted.elsewhere,
    counted.total
FROM counted
LEFT JOIN titles ON titles.work_id = counted.value AND getvariable('group_by') = 'work'
ORDER BY
    counted.matches DESC,
    counted.value
