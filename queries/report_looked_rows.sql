-- Matches whose address serves a copy of the artist's picture, one for each address, the most changed
-- first; and whether every page of the artist's that showed the picture is gone.
-- reads: comparisons, matches, works, image_refs, pages
-- columns: match_id, dataset, edition, dataset_file, dataset_row, url, url_host, looked_at, status, last_modified, verdict, work_id, image_url, title, stage, pdq_distance, inliers, alike, scale, turn, mirrored, inverted, box, overlap, covered, sha256, width, height, rows, post_gone, total
WITH last_pages AS (
    SELECT
        url,
        status IN (404, 410) AS gone
    FROM pages
    WHERE source <> 'capture'
    QUALIFY row_number() OVER (PARTITION BY url ORDER BY observed_at DESC, run_id DESC) = 1
),

posts AS (
    SELECT
        image_refs.image_url,
        bool_and(coalesce(last_pages.gone, FALSE)) AS gone
    FROM image_refs
    LEFT JOIN last_pages ON last_pages.url = image_refs.page_url
    WHERE image_refs.source <> 'capture' AND image_refs.page_url IS NOT NULL
    GROUP BY image_refs.image_url
),

titles AS (
    SELECT
        work_id,
        min_by(title, image_url) AS title
    FROM works
    GROUP BY work_id
),

copies AS (
    SELECT
        comparisons.*,
        matches.dataset,
        matches.edition,
        matches.dataset_file,
        matches.dataset_row,
        matches.url_host,
        count(*) OVER (PARTITION BY comparisons.url) AS rows
    FROM comparisons
    JOIN matches ON matches.match_id = comparisons.match_id
    WHERE
        comparisons.latest
        AND comparisons.verdict IN ('same file', 'same picture', 'edited copy')
        AND NOT list_contains(
            CAST(getvariable('rejected') AS VARCHAR[]), comparisons.match_id
        )
    QUALIFY
        row_number() OVER (
            PARTITION BY comparisons.url
            ORDER BY
                matches.dataset, matches.edition, matches.dataset_file, matches.dataset_row
        ) = 1
)

SELECT
    copies.match_id,
    copies.dataset,
    copies.edition,
    copies.dataset_file,
    copies.dataset_row,
    copies.url,
    copies.url_host,
    copies.looked_at,
    copies.status,
    copies.last_modified,
    copies.verdict,
    copies.work_id,
    copies.image_url,
    titles.title,
    copies.stage,
    copies.pdq_distance,
    copies.inliers,
    copies.alike,
    copies.scale,
    copies.turn,
    copies.mirrored,
    copies.inverted,
    copies.box,
    copies.overlap,
    copies.covered,
    copies.sha256,
    copies.width,
    copies.height,
    copies.rows,
    coalesce(posts.gone, FALSE) AS post_gone,
    count(*) OVER () AS total
FROM copies
LEFT JOIN titles ON titles.work_id = copies.work_id
LEFT JOIN posts ON posts.image_url = copies.image_url
ORDER BY
    list_position(['edited copy', 'same picture', 'same file'], copies.verdict),
    coalesce(copies.overlap, 1) * coalesce(copies.alike, 1),
    copies.match_id
LIMIT getvariable('most')
