-- Where pages of the artist's sites use which image address, as written, and where it leads.
-- reads: current_image_refs, current_images
-- columns: page_url, position, tag, attribute, raw, image_url, final_url
WITH answers AS (
    SELECT
        image_url,
        max_by(final_url, observed_at) AS final_url
    FROM current_images
    GROUP BY image_url
)

SELECT DISTINCT
    refs.page_url,
    refs.position,
    refs.tag,
    refs.attribute,
    refs.raw,
    refs.image_url,
    answers.final_url
FROM current_image_refs AS refs
LEFT JOIN answers ON answers.image_url = refs.image_url
WHERE refs.image_url ILIKE 'http%' AND refs.page_url IS NOT NULL
ORDER BY
    refs.page_url,
    refs.position,
    refs.raw,
    refs.tag,
    refs.attribute
