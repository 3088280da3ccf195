-- The kept files of an image and of the other images of its work: its own first, newest run first.
-- reads: images, works
-- columns: run_id, stored_as
SELECT
    images.run_id,
    images.stored_as
FROM images
LEFT JOIN works ON works.image_url = images.image_url
WHERE
    images.stored_as IS NOT NULL
    AND (images.image_url = getvariable('image_url') OR works.work_id = getvariable('work_id'))
ORDER BY
    images.image_url = getvariable('image_url') DESC,
    images.run_id DESC,
    images.stored_as
LIMIT 3
