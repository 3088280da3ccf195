-- The kept file of each image of a work, newest run first.
-- reads: works, images
-- columns: work_id, run_id, stored_as
SELECT
    works.work_id,
    images.run_id,
    images.stored_as
FROM works
INNER JOIN images ON images.image_url = works.image_url
WHERE
    images.stored_as IS NOT NULL
    AND list_contains(CAST(getvariable('work_ids') AS VARCHAR[]), works.work_id)
ORDER BY
    works.work_id,
    images.run_id DESC,
    images.stored_as
