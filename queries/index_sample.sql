-- Every 997th of the values that a sorted run is ordered by.
-- reads: run
-- columns: value
SELECT value
FROM run
WHERE place % 997 = 0
ORDER BY place
