-- All evidence of the case: what the search gave, rows that a model found alike, and pictures that
-- were looked at and are copies. What was verified once stays, with its day.
-- reads: found_evidence, found_matches, similar_rows, comparisons, kinds
-- columns: case_id, match_id, kind, strength, image_url, work_id, detail, weight
WITH copies AS (
    SELECT
        case_id,
        match_id,
        image_url,
        work_id,
        concat(verdict, ', looked at on ', strftime(looked_at, '%Y-%m-%d')) AS detail
    FROM comparisons
    WHERE verdict IN ('same file', 'same picture', 'edited copy') AND looked_at IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY match_id ORDER BY looked_at DESC, work_id) = 1
),

alike AS (
    SELECT
        case_id,
        match_id,
        image_url,
        work_id,
        concat('similarity ', round(model_similarity, 3), ' by ', model) AS detail,
        model_similarity
    FROM similar_rows
    WHERE kind = 'embedding' AND image_url IS NOT NULL
    QUALIFY
        row_number() OVER (
            PARTITION BY match_id, work_id
            ORDER BY model_similarity DESC, image_url, view
        ) = 1
),

found AS (
    SELECT case_id, match_id, kind, image_url, work_id, detail, weight
    FROM found_evidence
    WHERE kind NOT IN ('embedding', 'verified_copy')
    UNION ALL
    SELECT case_id, match_id, 'verified_copy', image_url, work_id, detail, 1.0
    FROM copies
    WHERE match_id IN (SELECT match_id FROM found_matches UNION SELECT match_id FROM alike)
    UNION ALL
    SELECT case_id, match_id, 'embedding', image_url, work_id, detail, least(model_similarity, 1.0)
    FROM alike
)

SELECT
    found.case_id,
    found.match_id,
    found.kind,
    kinds.strength,
    found.image_url,
    found.work_id,
    found.detail,
    CAST(found.weight AS DOUBLE) AS weight
FROM found
JOIN kinds ON kinds.kind = found.kind
ORDER BY
    found.match_id,
    kinds.place,
    found.image_url,
    found.detail
