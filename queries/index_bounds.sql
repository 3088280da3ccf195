-- Where sorted runs of rows can be cut: sites at even distances, by a sample of their row groups.
-- reads: rows
-- columns: site
SELECT DISTINCT site
FROM (
    SELECT
        site,
        row_number() OVER (ORDER BY site) AS number,
        count(*) OVER () AS total
    FROM rows
    WHERE dataset_row % 997 = 0
)
WHERE number % greatest(1, total // getvariable('pieces')) = 0
ORDER BY site
