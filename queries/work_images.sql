-- Every image address of the case with what may join it to others: its groups, files and texts.
-- reads: images, image_refs
-- columns: image_url, groups, sha256, alts
WITH mentions AS (
    SELECT
        image_url,
        list(DISTINCT image_group ORDER BY image_group)
            FILTER (image_group IS NOT NULL) AS groups,
        list(alt ORDER BY alt) FILTER (alt_state = 'text' AND NOT coalesce(furniture, FALSE)) AS alts
    FROM image_refs
    WHERE image_url IS NOT NULL
    GROUP BY image_url
),

files AS (
    SELECT
        image_url,
        -- One page that answers in the place of many images does not make them one work.
        list(DISTINCT sha256 ORDER BY sha256) FILTER (
            sha256 IS NOT NULL
            AND coalesce(sniffed_type, content_type, 'image/') NOT LIKE 'text/%'
            AND coalesce(size, 1) > 0
        ) AS sha256
    FROM images
    WHERE image_url IS NOT NULL
    GROUP BY image_url
)

SELECT
    coalesce(mentions.image_url, files.image_url) AS image_url,
    coalesce(mentions.groups, []) AS groups,
    coalesce(files.sha256, []) AS sha256,
    coalesce(mentions.alts, []) AS alts
FROM mentions
FULL JOIN files ON files.image_url = mentions.image_url
ORDER BY 1
