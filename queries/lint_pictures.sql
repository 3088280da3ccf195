-- Image addresses that were asked for, with up to twenty pages that show each; icons and spacers
-- are left out.
-- reads: current_images, current_image_refs
-- columns: image_url, run_id, stored_as, pages
WITH shown AS (
    SELECT
        image_url,
        list(DISTINCT page_url ORDER BY page_url)
            FILTER (WHERE page_url IS NOT NULL)[1:20] AS pages,
        bool_and(coalesce(furniture, FALSE)) AS furniture
    FROM current_image_refs
    WHERE image_url IS NOT NULL
    GROUP BY image_url
)

SELECT
    current_images.image_url,
    current_images.run_id,
    current_images.stored_as,
    shown.pages
FROM current_images
LEFT JOIN shown ON shown.image_url = current_images.image_url
WHERE current_images.image_url ILIKE 'http%'
    AND current_images.outcome <> 'listed'
    AND NOT coalesce(shown.furniture, FALSE)
QUALIFY row_number() OVER (
    PARTITION BY current_images.image_url
    ORDER BY current_images.run_id DESC, current_images.observed_at DESC
) = 1
ORDER BY current_images.image_url
