-- For each signal that was ever seen, what each run learnt of it, in order of time. A run that
-- learnt nothing is a row too: unknown, with its reason.
-- reads: ledger_seen, located_pages, located_images, runs
-- columns: archived, subject, place, signal, state, sha256, raw, reason, observed_at, run_id, file, file_rows, step
WITH learnt AS (
    SELECT *
    FROM ledger_seen
    QUALIFY
        archived
        OR state != 'unknown'
        OR count(*) FILTER (WHERE state != 'unknown')
            OVER (PARTITION BY archived, subject, place, signal, run_id) = 0
),

followed AS (
    SELECT
        archived,
        subject,
        place,
        signal,
        min(run_id) AS first_run
    FROM learnt
    GROUP BY ALL
    HAVING subject = 'site' OR count(*) FILTER (WHERE state = 'present') > 0
),

-- What a run that learnt nothing of a signal was answered at its address, if it asked.
asked AS (
    SELECT
        'page' AS subject,
        url AS place,
        run_id,
        outcome = 'fetched' AND status BETWEEN 200 AND 299 AS answered,
        coalesce(reason, 'answered ' || status, outcome) AS reason,
        observed_at,
        file,
        file_row
    FROM located_pages
    WHERE source != 'capture'
    UNION ALL
    SELECT
        'image' AS subject,
        image_url AS place,
        run_id,
        outcome = 'fetched' AND status BETWEEN 200 AND 299 AS answered,
        coalesce(reason, 'answered ' || status, outcome) AS reason,
        observed_at,
        file,
        file_row
    FROM located_images
    WHERE outcome != 'listed' AND source != 'capture'
),

-- Captures are what an archive happens to hold: between them nothing was asked.
gaps AS (
    SELECT
        followed.archived,
        followed.subject,
        followed.place,
        followed.signal,
        runs.run_id,
        runs.finished_at
    FROM followed
    CROSS JOIN runs
    WHERE
        NOT followed.archived
        AND runs.source = 'crawl'
        AND runs.run_id > followed.first_run
),

open_gaps AS (
    SELECT *
    FROM gaps
    ANTI JOIN learnt
        ON learnt.archived = gaps.archived
        AND learnt.subject = gaps.subject
        AND learnt.place = gaps.place
        AND learnt.signal = gaps.signal
        AND learnt.run_id = gaps.run_id
),

told AS (
    SELECT
        learnt.*,
        learnt.observed_at AS moment
    FROM learnt
    SEMI JOIN followed
        ON followed.archived = learnt.archived
        AND followed.subject = learnt.subject
        AND followed.place = learnt.place
        AND followed.signal = learnt.signal
    UNION ALL
    SELECT
        open_gaps.archived,
        open_gaps.subject,
        open_gaps.place,
        open_gaps.signal,
        'unknown' AS state,
        NULL AS sha256,
        NULL AS raw,
        CASE
            WHEN asked.answered THEN 'it was not looked for in the answer'
            ELSE coalesce(asked.reason, 'the address was not asked for')
        END AS reason,
        asked.observed_at,
        open_gaps.run_id,
        asked.file,
        CASE WHEN asked.file IS NULL THEN [] ELSE [asked.file_row] END AS file_rows,
        coalesce(asked.observed_at, open_gaps.finished_at) AS moment
    FROM open_gaps
    LEFT JOIN asked
        ON asked.subject = open_gaps.subject
        AND asked.place = open_gaps.place
        AND asked.run_id = open_gaps.run_id
)

SELECT
    archived,
    subject,
    place,
    signal,
    state,
    sha256,
    raw,
    reason,
    observed_at,
    run_id,
    file,
    file_rows,
    row_number() OVER (
        PARTITION BY archived, subject, place, signal
        ORDER BY moment, run_id, file, file_rows
    ) AS step
FROM told
ORDER BY
    archived,
    subject,
    place,
    signal,
    step
