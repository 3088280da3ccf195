-- Rows of one data file by a hash of their address in lossless form (optout/identity/lossless.py);
-- those without a readable address are left out. Most addresses are in that form but for the
-- scheme, which can be seen without a call of Python: the pattern is narrower than the one there,
-- and the others are asked about one by one.
-- reads: dataset
-- columns: address, server, url, dataset_row
WITH read AS (
    SELECT
        CASE
            WHEN
                regexp_full_match(
                    url,
                    'https?://[a-z0-9_-]+(\.[a-z0-9_-]+)+/[A-Za-z0-9_~!$''()*+,=:@/.-]*'
                    || '(\?[A-Za-z0-9_~!$&''()*+,=:@/.?-]+)?'
                )
                AND NOT contains(url, '/.')
                AND strlen(url) < 250
                THEN substr(url, strpos(url, '//') + 2)
            ELSE lossless_address(url)
        END AS lossless,
        split_part(url, '/', 3) AS server,
        url,
        dataset_row
    FROM dataset
    WHERE url IS NOT NULL
)

SELECT
    hash(lossless) AS address,
    server,
    url,
    dataset_row
FROM read
WHERE lossless IS NOT NULL
