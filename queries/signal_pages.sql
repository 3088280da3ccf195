-- What the pages of each site say: each meta and licence link once per site, with the first page
-- that holds it. Sites are told apart by scheme, host and port.
-- reads: current_metas, current_elements
-- columns: page_url, position, kind, name, content, type, raw, observed_at
WITH said AS (
    SELECT page_url, position, 'meta' AS kind, name, content, NULL AS type, raw, observed_at
    FROM current_metas
    UNION ALL
    SELECT page_url, position, 'link' AS kind, name, content, type, raw, observed_at
    FROM current_elements
    WHERE tag = 'link' AND name = 'license'
)

SELECT
    page_url,
    position,
    kind,
    name,
    content,
    type,
    raw,
    observed_at
FROM said
QUALIFY row_number() OVER (
    PARTITION BY regexp_extract(page_url, '^[a-zA-Z]+://[^/?#]*'), kind, name, raw
    ORDER BY page_url, position
) = 1
ORDER BY page_url, kind, position
