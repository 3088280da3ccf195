-- Why one row is tied to the case, strongest first: the first 50 reasons, their texts as far as
-- they are shown.
-- reads: evidence
-- columns: kind, strength, image_url, detail, detail_length, weight, total
SELECT
    kind,
    strength,
    image_url,
    left(detail, getvariable('long')) AS detail,
    length(detail) AS detail_length,
    weight,
    count(*) OVER () AS total
FROM evidence
WHERE match_id = getvariable('match_id')
ORDER BY
    list_position(
        ['same_address', 'same_image', 'similar_image', 'lead', 'caption_only'], strength
    ),
    weight DESC,
    kind,
    image_url,
    detail
LIMIT 50
