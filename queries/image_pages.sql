-- What pages say that show an image: each robots or TDM meta, licence link and X-Robots-Tag line of
-- their own answers once per image.
-- Given with the first page that holds it, in the order of addresses.
-- reads: current_image_refs, current_metas, current_elements, current_hops
-- columns: image_url, page_url, position, kind, name, content, type, raw, observed_at
WITH said AS (
    SELECT
        page_url,
        position,
        'meta' AS kind,
        name,
        content,
        NULL AS type,
        raw,
        observed_at
    FROM current_metas
    UNION ALL
    SELECT
        page_url,
        position,
        'link' AS kind,
        name,
        content,
        type,
        raw,
        observed_at
    FROM current_elements
    WHERE tag = 'link' AND name = 'license'
    UNION ALL
    SELECT
        hop_url AS page_url,
        position,
        'header' AS kind,
        'x-robots-tag' AS name,
        headers[position].value AS content,
        NULL AS type,
        headers[position].value AS raw,
        observed_at
    FROM (
        SELECT
            hop_url,
            headers,
            observed_at,
            unnest(generate_series(1, len(headers))) AS position
        FROM current_hops
        WHERE subject = 'page' AND status BETWEEN 200 AND 299
    )
    WHERE lower(headers[position].name) = 'x-robots-tag'
),

-- Few pages say anything, so these are found before any image is looked at.
shown AS (
    SELECT DISTINCT image_url, page_url
    FROM current_image_refs
    WHERE image_url IS NOT NULL AND page_url IN (SELECT page_url FROM said)
)

SELECT
    shown.image_url,
    said.page_url,
    said.position,
    said.kind,
    said.name,
    said.content,
    said.type,
    said.raw,
    said.observed_at
FROM shown
JOIN said ON said.page_url = shown.page_url
QUALIFY row_number() OVER (
    PARTITION BY shown.image_url, said.kind, said.name, said.raw
    ORDER BY said.page_url, said.position
) = 1
ORDER BY shown.image_url, said.page_url, said.kind, said.position
