-- Each row that is tied to the case and each published training stage: whether the row meets the
-- stage's filter, with the values that decided. What no column says stays untold.
-- reads: lineage_rows, lineage_stages, lineage_editions, lineage_scores, lineage_conditions
-- columns: match_id, dataset, edition, dataset_file, dataset_row, strength, model, stage, outcome, because
WITH row_values AS (
    SELECT
        lineage_rows.match_id,
        lineage_rows.edition,
        named.column_name,
        named.number
    FROM lineage_rows
    CROSS JOIN LATERAL (
        SELECT unnest(['width', 'height', 'aesthetic', 'pwatermark', 'punsafe']) AS column_name,
            unnest([
                CAST(lineage_rows.width AS DOUBLE),
                CAST(lineage_rows.height AS DOUBLE),
                lineage_rows.aesthetic,
                lineage_rows.pwatermark,
                lineage_rows.punsafe
            ]) AS number
    ) AS named
),

comparable AS (
    SELECT
        row_values.match_id,
        row_values.column_name,
        -- Two predictors have scored aesthetics; only where it is the stage's own does it count.
        CASE
            WHEN
                row_values.column_name IN (SELECT lineage_scores.column_name FROM lineage_scores)
                AND lineage_scores.edition IS NULL
                THEN NULL
            ELSE row_values.number
        END AS number
    FROM row_values
    LEFT JOIN lineage_scores
        ON
            lineage_scores.column_name = row_values.column_name
            AND lineage_scores.edition = row_values.edition
),

checked AS (
    SELECT
        comparable.match_id,
        lineage_conditions.stage_place,
        lineage_conditions.condition_place,
        CASE
            WHEN lineage_conditions.edge_unclear AND comparable.number = lineage_conditions.bound
                THEN NULL
            WHEN lineage_conditions.comparison = 'at_least'
                THEN comparable.number >= lineage_conditions.bound
            WHEN lineage_conditions.comparison = 'above'
                THEN comparable.number > lineage_conditions.bound
            ELSE comparable.number < lineage_conditions.bound
        END AS holds,
        lineage_conditions.column_name || ' '
        || coalesce(CAST(round(comparable.number, 4) AS VARCHAR), 'not known')
        || ' (published: ' || replace(lineage_conditions.comparison, '_', ' ') || ' '
        || CAST(lineage_conditions.bound AS VARCHAR) || ')' AS words
    FROM lineage_conditions
    JOIN comparable ON comparable.column_name = lineage_conditions.column_name
),

told AS (
    SELECT
        match_id,
        stage_place,
        bool_or(NOT holds) AS fails,
        bool_or(holds IS NULL) AS lacks,
        list(words ORDER BY condition_place) FILTER (holds IS NOT TRUE) AS missing,
        list(words ORDER BY condition_place) AS all_words
    FROM checked
    GROUP BY match_id, stage_place
),

outcomes AS (
    SELECT
        lineage_rows.match_id,
        lineage_stages.stage_place,
        CASE
            WHEN lineage_editions.edition IS NULL THEN 'cannot_be_told'
            WHEN coalesce(told.fails, FALSE) THEN 'does_not_meet'
            WHEN coalesce(told.lacks, FALSE) THEN 'cannot_be_told'
            ELSE 'meets'
        END AS outcome,
        CASE
            WHEN lineage_editions.edition IS NULL
                THEN ['a row of this edition is not known to be in the data that was filtered']
            WHEN coalesce(told.fails, FALSE) OR coalesce(told.lacks, FALSE) THEN told.missing
            ELSE coalesce(told.all_words, [])
        END AS because
    FROM lineage_rows
    CROSS JOIN lineage_stages
    LEFT JOIN lineage_editions
        ON
            lineage_editions.stage_place = lineage_stages.stage_place
            AND lineage_editions.edition = lineage_rows.edition
    LEFT JOIN told
        ON
            told.match_id = lineage_rows.match_id
            AND told.stage_place = lineage_stages.stage_place
)

SELECT
    lineage_rows.match_id,
    lineage_rows.dataset,
    lineage_rows.edition,
    lineage_rows.dataset_file,
    lineage_rows.dataset_row,
    lineage_rows.strength,
    lineage_stages.model,
    lineage_stages.stage,
    outcomes.outcome,
    outcomes.because
FROM outcomes
JOIN lineage_rows ON lineage_rows.match_id = outcomes.match_id
JOIN lineage_stages ON lineage_stages.stage_place = outcomes.stage_place
ORDER BY
    lineage_stages.stage_place,
    lineage_rows.dataset,
    lineage_rows.edition,
    lineage_rows.dataset_file,
    lineage_rows.dataset_row
