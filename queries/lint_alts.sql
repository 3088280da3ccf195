-- How many mentions of pictures on the pages of the current runs there are, and how many have no
-- alt text.
-- reads: current_image_refs
-- columns: mentions, without, example
SELECT
    count(*) AS mentions,
    count(*) FILTER (WHERE alt_state IN ('missing', 'empty')) AS without,
    coalesce(min(page_url) FILTER (WHERE alt_state IN ('missing', 'empty')), '') AS example
FROM current_image_refs
WHERE page_url ILIKE 'http%' AND tag = 'img' AND attribute = 'src' AND NOT coalesce(furniture, FALSE)
