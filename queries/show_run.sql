-- The counts of one run, as the end of a crawl tells them.
-- reads: pages, images, image_refs
-- columns: pages_read, images_found, image_hosts, images_fetched, first_problem, first_outcome
SELECT
    -- A file that turned out to be no page was asked for, but is not read.
    count(*) FILTER (
        outcome = 'fetched' AND status = 200
        AND NOT coalesce(starts_with(reason, 'not a page') OR starts_with(reason, 'declared as a page'), FALSE)
    ) AS pages_read,
    (SELECT count(DISTINCT image_url) FROM image_refs WHERE run_id = getvariable('run_id')) AS images_found,
    (
        SELECT count(DISTINCT regexp_extract(image_url, '^https?://([^/?#]+)', 1))
        FROM image_refs WHERE run_id = getvariable('run_id')
    ) AS image_hosts,
    (
        SELECT count(*) FROM images
        WHERE run_id = getvariable('run_id') AND outcome = 'fetched' AND status BETWEEN 200 AND 299
            -- An image by its bytes, else by what it was called; without either nothing is known.
            AND regexp_matches(
                lower(coalesce(sniffed_type, content_type, '')),
                '^(image/|$|(application|binary)/octet-stream)'
            )
            AND coalesce(size, 1) > 0
    ) AS images_fetched,
    min(coalesce(reason, 'the answer was status ' || status)) FILTER (
        depth = 0 AND (outcome != 'fetched' OR status != 200)
    ) AS first_problem,
    min_by(outcome, coalesce(reason, 'the answer was status ' || status)) FILTER (
        depth = 0 AND (outcome != 'fetched' OR status != 200)
    ) AS first_outcome
FROM pages
WHERE run_id = getvariable('run_id')
