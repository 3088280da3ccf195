-- Runs of letters and digits in the addresses of those rows of an index whose picture may be known
-- by something else than its host: rows of platforms and other shared hosts, rows that carry another
-- address, odd ones. Runs of five signs or more with a digit in them, of letters alone seven.
-- reads: rows, places, covered_domains, odd_parts
-- columns: part, pos
SELECT
    left(part, 12) AS part,
    pos
FROM (
    SELECT
        unnest(
            regexp_extract_all(
                CASE
                    WHEN contains(rest, '%')
                        THEN regexp_replace(rest, '%(?:25)*[0-9a-f]{2}', '/', 'g')
                    ELSE rest
                END,
                '[a-z0-9]*[0-9][a-z0-9]*|[a-z]{7,}'
            )
        ) AS part,
        pos
    FROM (
        SELECT
            lower(substr(url, 9 + length(split_part(url, '/', 3)))) AS rest,
            pos
        FROM rows
        WHERE
            url IS NOT NULL
            AND (
                domain IN (SELECT domain FROM covered_domains)
                OR pos IN (SELECT pos FROM places)
            )
    )
    UNION ALL
    SELECT
        part,
        pos
    FROM odd_parts
)
WHERE length(part) >= 5
ORDER BY part, pos
