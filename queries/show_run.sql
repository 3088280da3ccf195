-- The counts of one run, as the end of a crawl tells them.
-- reads: pages, images, image_refs
-- columns: pages_read, pages_forbidden, pages_failed, images_found, image_hosts, images_fetched, images_forbidden, images_failed, first_problem, first_outcome
SELECT
    count(*) FILTER (outcome = 'fetched' AND status = 200) AS pages_read,
    count(*) FILTER (outcome = 'robots_disallowed') AS pages_forbidden,
    count(*) FILTER (outcome NOT IN ('fetched', 'robots_disallowed') OR status >= 400) AS pages_failed,
    (SELECT count(DISTINCT image_url) FROM image_refs WHERE run_id = getvariable('run_id')) AS images_found,
    (
        SELECT count(DISTINCT regexp_extract(image_url, '^https?://([^/?#]+)', 1))
        FROM image_refs WHERE run_id = getvariable('run_id')
    ) AS image_hosts,
    (
        SELECT count(*) FROM images
        WHERE run_id = getvariable('run_id') AND outcome = 'fetched' AND status BETWEEN 200 AND 299
    ) AS images_fetched,
    (
        SELECT count(*) FROM images
        WHERE run_id = getvariable('run_id') AND outcome = 'robots_disallowed'
    ) AS images_forbidden,
    (
        SELECT count(*) FROM images
        WHERE run_id = getvariable('run_id')
            AND (outcome NOT IN ('fetched', 'robots_disallowed') OR status >= 400)
    ) AS images_failed,
    min(coalesce(reason, 'the answer was status ' || status)) FILTER (
        depth = 0 AND (outcome != 'fetched' OR status != 200)
    ) AS first_problem,
    min_by(outcome, coalesce(reason, 'the answer was status ' || status)) FILTER (
        depth = 0 AND (outcome != 'fetched' OR status != 200)
    ) AS first_outcome
FROM pages
WHERE run_id = getvariable('run_id')
