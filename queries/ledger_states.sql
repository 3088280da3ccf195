-- For each signal that was ever seen, what each run learnt of it, in order of time. A run that
-- learnt nothing is a row too: unknown, with its reason.
-- reads: ledger_seen, located_pages, located_images, runs
-- columns: archived, subject, place, signal, state, sha256, raw, reason, observed_at, run_id, file, file_rows, step
WITH learnt AS (
    SELECT *
    FROM ledger_seen
    QUALIFY
        state != 'unknown'
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

unanswered AS (
    SELECT
        'page' AS subject,
        url AS place,
        run_id,
        outcome,
        reason,
        observed_at,
        file,
        file_row
    FROM located_pages
    WHERE outcome != 'fetched' AND source != 'capture'
    UNION ALL
    SELECT
        'image' AS subject,
        image_url AS place,
        run_id,
        outcome,
        reason,
        observed_at,
        file,
        file_row
    FROM located_images
    WHERE outcome NOT IN ('fetched', 'listed') AND source != 'capture'
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
        coalesce(
            unanswered.reason, unanswered.outcome, 'the address was not asked for'
        ) AS reason,
        unanswered.observed_at,
        open_gaps.run_id,
        unanswered.file,
        CASE WHEN unanswered.file IS NULL THEN [] ELSE [unanswered.file_row] END AS file_rows,
        coalesce(unanswered.observed_at, open_gaps.finished_at) AS moment
    FROM open_gaps
    LEFT JOIN unanswered
        ON unanswered.subject = open_gaps.subject
        AND unanswered.place = open_gaps.place
        AND unanswered.run_id = open_gaps.run_id
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
