-- Alternative texts of the case's pictures, furniture left out, each with one image that has it.
-- reads: image_refs
-- columns: alt, image_url
SELECT
    alt,
    min(image_url) AS image_url
FROM image_refs
WHERE alt_state = 'text' AND image_url IS NOT NULL AND NOT coalesce(furniture, FALSE)
GROUP BY alt
ORDER BY alt
