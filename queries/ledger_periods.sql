-- Stretches in which a signal said the same, in order. `changed_from` is the number of the last
-- period before in which something else was known, NULL where nothing changed.
-- reads: ledger_states
-- columns: archived, subject, place, origin, signal, number, state, sha256, raw, first_at, last_at, reasons, seen, changed_from
WITH islands AS (
    SELECT
        *,
        step - row_number() OVER (
            PARTITION BY archived, subject, place, signal, state, sha256 ORDER BY step
        ) AS island
    FROM ledger_states
),

periods AS (
    SELECT
        archived,
        subject,
        place,
        signal,
        state,
        sha256,
        min(step) AS first_step,
        arg_min(raw, step) AS raw,
        min(observed_at) AS first_at,
        max(observed_at) AS last_at,
        list(DISTINCT reason ORDER BY reason) FILTER (WHERE reason IS NOT NULL) AS reasons,
        list(
            {
                'at': observed_at,
                'run': run_id,
                'file': file,
                'rows': file_rows,
                'reason': reason
            }
            ORDER BY step
        ) AS seen
    FROM islands
    GROUP BY archived, subject, place, signal, state, sha256, island
),

numbered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY archived, subject, place, signal ORDER BY first_step
        ) AS number
    FROM periods
),

compared AS (
    SELECT
        *,
        last_value(
            CASE
                WHEN state != 'unknown'
                    THEN {'number': number, 'state': state, 'sha256': sha256}
            END IGNORE NULLS
        ) OVER (
            PARTITION BY archived, subject, place, signal
            ORDER BY number
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS before
    FROM numbered
)

SELECT
    archived,
    subject,
    place,
    coalesce(nullif(regexp_extract(place, '^[^:/?#]*://[^/?#\\]*'), ''), place) AS origin,
    signal,
    number,
    state,
    sha256,
    raw,
    first_at,
    last_at,
    coalesce(reasons, []) AS reasons,
    seen,
    CASE
        WHEN state != 'unknown'
            AND (before.state != state OR before.sha256 IS DISTINCT FROM sha256)
            AND before IS NOT NULL
            THEN before.number
    END AS changed_from
FROM compared
ORDER BY
    archived,
    origin,
    subject,
    place,
    signal,
    number
