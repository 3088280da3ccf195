-- Every image address that captures of an archive name, furniture left out.
-- reads: image_refs
-- columns: image_url
SELECT DISTINCT image_url
FROM image_refs
WHERE source = 'capture' AND image_url IS NOT NULL AND NOT coalesce(furniture, FALSE)
ORDER BY image_url
