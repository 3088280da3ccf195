-- The addresses of each match that a capture may show: the row's own, and that of the artist's
-- image which the strongest evidence names.
-- reads: matches
-- columns: match_id, url, image_url
SELECT
    match_id,
    url,
    image_url
FROM matches
ORDER BY match_id
