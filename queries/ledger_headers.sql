-- What each answer said in its header lines: one row per exchange and signal that its address
-- ever sent. The place is the address that answered, of a redirect too.
-- reads: located_hops, runs
-- columns: archived, subject, place, signal, state, sha256, raw, reason, observed_at, run_id, file, file_rows
WITH exchanges AS (
    SELECT
        source = 'capture' AS archived,
        subject,
        hop_url AS place,
        [
            {'name': line.name, 'text': line.name || ': ' || line.value}
            FOR line IN headers
            IF regexp_matches(line.name || ': ' || line.value, getvariable('ledger_headers'))
        ] AS lines,
        status,
        observed_at,
        run_id,
        file,
        file_row
    FROM located_hops
    WHERE subject IN ('page', 'image') AND hop_url IS NOT NULL
),

sent AS (
    SELECT DISTINCT
        archived,
        subject,
        place,
        line.name AS signal
    FROM (SELECT archived, subject, place, unnest(lines) AS line FROM exchanges)
),

judged AS (
    SELECT
        exchanges.* EXCLUDE (lines),
        sent.signal,
        [line.text FOR line IN exchanges.lines IF line.name = sent.signal] AS texts,
        CASE
            WHEN exchanges.status BETWEEN 200 AND 399 THEN true
            ELSE coalesce(list_contains(getvariable('ledger_gone'), exchanges.status), false)
        END AS answered,
        coalesce(
            json_contains(json_extract(runs.summary, '$.kept_headers'), to_json(sent.signal)), false
        ) AS looked_for
    FROM exchanges
    JOIN sent
        ON sent.archived = exchanges.archived
        AND sent.subject = exchanges.subject
        AND sent.place = exchanges.place
    JOIN runs ON runs.run_id = exchanges.run_id
),

told AS (
    SELECT
        *,
        CASE
            WHEN NOT answered THEN 'unknown'
            WHEN len(texts) > 0 THEN 'present'
            WHEN looked_for THEN 'absent'
            ELSE 'unknown'
        END AS state,
        CASE
            WHEN answered AND len(texts) > 0
                THEN encode(array_to_string(texts, chr(10)) || chr(10))
        END AS raw
    FROM judged
)

SELECT
    archived,
    subject,
    place,
    signal,
    state,
    sha256(raw) AS sha256,
    raw,
    CASE
        WHEN status NOT BETWEEN 200 AND 299 THEN 'answered ' || status
        WHEN state = 'unknown' THEN 'such a line was not kept then'
    END AS reason,
    observed_at,
    run_id,
    file,
    [file_row] AS file_rows
FROM told
ORDER BY
    place,
    signal,
    observed_at,
    file,
    file_row
