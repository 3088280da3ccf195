-- Where sorted runs of rows can be cut: places at even distances, by a sample of their row groups.
-- reads: rows
-- columns: domain
SELECT DISTINCT domain
FROM (
    SELECT
        domain,
        row_number() OVER (ORDER BY domain) AS number,
        count(*) OVER () AS total
    FROM rows
    WHERE dataset_row % 997 = 0
)
WHERE number % greatest(1, total // getvariable('pieces')) = 0
ORDER BY domain
