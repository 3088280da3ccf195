-- What became of the addresses that did not simply answer with a page or image: how many of
-- each kind, with the reason given most often and one example.
-- reads: current_pages, current_images
-- columns: subject, outcome, status, addresses, reason, example
SELECT
    subject,
    outcome,
    CASE WHEN outcome = 'fetched' THEN status END AS status,
    count(DISTINCT url) AS addresses,
    mode(reason ORDER BY reason) AS reason,
    min(url) AS example
FROM (
    SELECT 'page' AS subject, url, outcome, status, reason FROM current_pages
    UNION ALL
    SELECT 'image' AS subject, image_url AS url, outcome, status, reason FROM current_images
)
WHERE NOT (outcome = 'fetched' AND coalesce(status, 0) BETWEEN 200 AND 299)
GROUP BY ALL
ORDER BY
    subject DESC,
    addresses DESC,
    outcome,
    status
