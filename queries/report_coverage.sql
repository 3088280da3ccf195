-- Addresses of runs that were not seen as a page or an image, by reason: those asked for in vain
-- or not to be asked for, and (asked = FALSE) those left out. `reason` is the one given most often.
-- reads: pages, images, runs
-- columns: what, why, asked, addresses, reason, example
WITH answers AS (
    SELECT 'pages' AS what, url, outcome, status, reason, final_url, truncated, robots_rule, TRUE AS fits
    FROM pages
    WHERE list_contains(CAST(getvariable('run_ids') AS VARCHAR[]), run_id)
    UNION ALL
    SELECT
        'images' AS what,
        image_url,
        outcome,
        status,
        coalesce(reason, CASE WHEN status BETWEEN 200 AND 299 THEN coalesce(sniffed_type, content_type) END),
        final_url,
        FALSE,
        robots_rule,
        -- An image by its bytes, else by what it was called; without either nothing is known.
        regexp_matches(
            lower(coalesce(sniffed_type, content_type, '')),
            '^(image/|$|(application|binary)/octet-stream)'
        ) AND coalesce(size, 1) > 0
    FROM images
    WHERE list_contains(CAST(getvariable('run_ids') AS VARCHAR[]), run_id)
),

asked AS (
    SELECT
        what,
        CASE
            -- Without a rule it was the whole host: its robots.txt did not answer.
            WHEN outcome = 'robots_disallowed' AND robots_rule IS NULL THEN 'robots_unanswered'
            WHEN outcome = 'robots_disallowed' THEN 'robots'
            WHEN outcome = 'out_of_scope' THEN 'led_elsewhere'
            -- Words of crawler/failures.py.
            WHEN outcome = 'failed' AND contains(reason, ': no such host') THEN 'no_host'
            WHEN outcome = 'failed' AND contains(reason, ': the TLS ') THEN 'tls'
            WHEN outcome = 'failed' AND contains(reason, ': no answer in time') THEN 'timeout'
            WHEN outcome = 'failed' AND contains(reason, ': the connection was refused')
                THEN 'connection'
            WHEN outcome <> 'fetched' THEN outcome
            WHEN status IN (404, 410) THEN 'not_there'
            WHEN status IN (401, 402, 403, 407, 451) THEN 'refused'
            WHEN truncated OR starts_with(reason, 'only its first') THEN 'in_part'
            WHEN starts_with(reason, 'not a page') OR starts_with(reason, 'declared as a page')
                THEN 'not_a_page'
            WHEN status BETWEEN 200 AND 299 AND NOT fits THEN 'no_image'
            WHEN status BETWEEN 200 AND 299 THEN NULL
            -- A redirect is no page: what it leads to has a row of its own.
            WHEN what = 'pages' AND status BETWEEN 300 AND 399 AND final_url IS NOT NULL THEN NULL
            ELSE 'error'
        END AS why,
        count(DISTINCT url) AS addresses,
        mode(
            CASE WHEN outcome = 'fetched' AND reason IS NULL THEN 'answered ' || status ELSE reason END
            ORDER BY reason, status
        ) AS reason,
        min(url) AS example
    FROM answers
    WHERE outcome <> 'listed'
    GROUP BY ALL
),

cuts AS (
    SELECT unnest(from_json(json_extract(summary, '$.cut_short'), '["JSON"]')) AS cut
    FROM runs
    WHERE list_contains(CAST(getvariable('run_ids') AS VARCHAR[]), run_id)
),

-- An entry without a kind says that something was left out, but not of how many pages.
left_out AS (
    SELECT
        coalesce(cut ->> '$.what', 'pages') AS what,
        coalesce(cut ->> '$.kind', 'limit') AS why,
        CASE WHEN cut ->> '$.kind' IS NOT NULL THEN TRY_CAST(cut ->> '$.count' AS BIGINT) END
            AS addresses,
        coalesce(cut ->> '$.reason', cut ->> '$') AS reason,
        cut ->> '$.examples[0]' AS example
    FROM cuts
)

SELECT
    what,
    why,
    TRUE AS asked,
    addresses,
    reason,
    example
FROM asked
WHERE why IS NOT NULL
UNION ALL
SELECT
    what,
    why,
    FALSE AS asked,
    CAST(sum(addresses) AS BIGINT) AS addresses,
    max_by(reason, ROW(coalesce(addresses, 0), reason)) AS reason,
    max_by(example, ROW(coalesce(addresses, 0), reason)) AS example
FROM left_out
GROUP BY what, why
ORDER BY
    what DESC,
    addresses DESC NULLS LAST,
    why
