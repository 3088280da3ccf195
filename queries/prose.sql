-- Paragraphs of terms and imprints that speak of mining or training: each once per site, with the
-- first page that holds it. Prose, used in no verdict. Sites are told apart by scheme, host and port.
-- reads: current_prose
-- columns: page_url, place, tag, language, phrase, raw, truncated, observed_at, pages
SELECT
    page_url,
    place,
    tag,
    language,
    phrase,
    raw,
    truncated,
    observed_at,
    count(DISTINCT page_url) OVER (
        PARTITION BY regexp_extract(page_url, '^[a-zA-Z]+://[^/?#]*'), raw
    ) AS pages
FROM current_prose
QUALIFY row_number() OVER (
    PARTITION BY regexp_extract(page_url, '^[a-zA-Z]+://[^/?#]*'), raw
    ORDER BY page_url, position
) = 1
ORDER BY
    page_url,
    position
