-- What differs between two runs: images by address and bytes, signals by place and raw text.
-- reads: images, hops, metas, site_files
-- columns: images_new, images_not_seen_again, images_changed, signals_new, signals_gone
WITH pictures AS (
    SELECT run_id, image_url, any_value(sha256) AS sha256
    FROM images
    WHERE outcome = 'fetched' AND status BETWEEN 200 AND 299
    GROUP BY ALL
),
lines AS (
    SELECT run_id, url, unnest(headers) AS header FROM hops WHERE subject IN ('page', 'image')
),
signals AS (
    SELECT run_id, url, header.name AS signal, header.value AS raw
    FROM lines
    WHERE header.name IN ('x-robots-tag', 'tdm-reservation', 'tdm-policy', 'content-usage')
    UNION
    SELECT run_id, page_url, name, content FROM metas
    UNION
    SELECT run_id, url, kind, coalesce(status || ' ' || sha256, status::VARCHAR, outcome)
    FROM site_files
),
before AS (SELECT * EXCLUDE (run_id) FROM pictures WHERE run_id = getvariable('previous_id')),
after AS (SELECT * EXCLUDE (run_id) FROM pictures WHERE run_id = getvariable('run_id')),
signals_before AS (SELECT * EXCLUDE (run_id) FROM signals WHERE run_id = getvariable('previous_id')),
signals_after AS (SELECT * EXCLUDE (run_id) FROM signals WHERE run_id = getvariable('run_id'))
SELECT
    (SELECT count(*) FROM after ANTI JOIN before USING (image_url)) AS images_new,
    (SELECT count(*) FROM before ANTI JOIN after USING (image_url)) AS images_not_seen_again,
    (
        SELECT count(*) FROM after JOIN before USING (image_url)
        WHERE after.sha256 IS DISTINCT FROM before.sha256
    ) AS images_changed,
    (SELECT count(*) FROM (FROM signals_after EXCEPT FROM signals_before)) AS signals_new,
    (SELECT count(*) FROM (FROM signals_before EXCEPT FROM signals_after)) AS signals_gone
