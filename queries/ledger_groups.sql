-- Entries of one host that tell the same story (same signal, same values in the same runs),
-- counted together; of images' own bytes only their changes are compared.
-- reads: ledger_periods
-- columns: archived, origin, subject, signal, places, example, first_seen, last_seen, changes, gaps, periods
WITH stories AS (
    SELECT
        *,
        min(number) OVER (
            PARTITION BY archived, subject, place, signal, sha256
        ) AS same_as
    FROM ledger_periods
),

entries AS (
    SELECT
        archived,
        origin,
        subject,
        signal,
        place,
        list(
            {
                'state': state,
                'value': CASE WHEN signal = 'image' THEN CAST(same_as AS VARCHAR) ELSE sha256 END,
                'runs': [one.run FOR one IN seen]
            }
            ORDER BY number
        ) AS story,
        min(first_at) FILTER (WHERE state = 'present') AS first_seen,
        max(last_at) FILTER (WHERE state = 'present') AS last_seen,
        count(changed_from) AS changes,
        count(*) FILTER (WHERE state = 'unknown') AS gaps
    FROM stories
    GROUP BY archived, origin, subject, signal, place
),

-- Which story, not what it was told by: reasons may name an address each.
grouped AS (
    SELECT
        archived,
        origin,
        subject,
        signal,
        count(*) AS places,
        min(place) AS example,
        min(first_seen) AS first_seen,
        max(last_seen) AS last_seen,
        any_value(changes) AS changes,
        any_value(gaps) AS gaps
    FROM entries
    GROUP BY archived, origin, subject, signal, story
),

histories AS (
    SELECT
        archived,
        subject,
        place,
        signal,
        list(
            {
                'number': number,
                'state': state,
                'sha256': sha256,
                'raw': raw,
                'first_at': first_at,
                'last_at': last_at,
                'reasons': reasons,
                'runs': [one.run FOR one IN seen],
                'file': seen[1].file,
                'rows': seen[1].rows,
                'changed_from': changed_from
            }
            ORDER BY number
        ) AS periods
    FROM ledger_periods
    GROUP BY ALL
)

SELECT
    grouped.archived,
    grouped.origin,
    grouped.subject,
    grouped.signal,
    grouped.places,
    grouped.example,
    grouped.first_seen,
    grouped.last_seen,
    grouped.changes,
    grouped.gaps,
    histories.periods
FROM grouped
JOIN histories
    ON histories.archived = grouped.archived
    AND histories.subject = grouped.subject
    AND histories.place = grouped.example
    AND histories.signal = grouped.signal
ORDER BY
    grouped.archived,
    grouped.origin,
    list_position(['site', 'page', 'image'], grouped.subject),
    grouped.signal = 'image' DESC,
    grouped.signal,
    grouped.places DESC,
    grouped.example
