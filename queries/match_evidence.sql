-- All evidence with its strength, strongest first for each match.
-- reads: evidence_address, evidence_file, evidence_alike, evidence_declared, evidence_stem, evidence_text, evidence_name, kinds, known_works
-- columns: case_id, match_id, kind, strength, image_url, work_id, detail, weight
WITH found AS (
    SELECT * FROM evidence_address
    UNION ALL
    SELECT * FROM evidence_file
    UNION ALL
    SELECT * FROM evidence_alike
    UNION ALL
    SELECT * FROM evidence_declared
    UNION ALL
    SELECT * FROM evidence_stem
    UNION ALL
    SELECT * FROM evidence_text
    UNION ALL
    SELECT * FROM evidence_name
)

SELECT
    CAST(getvariable('case_id') AS VARCHAR) AS case_id,
    found.match_id,
    found.kind,
    kinds.strength,
    found.image_url,
    known_works.work_id,
    found.detail,
    CAST(found.weight AS DOUBLE) AS weight
FROM found
JOIN kinds ON kinds.kind = found.kind
LEFT JOIN known_works ON known_works.image_url = found.image_url
ORDER BY
    found.match_id,
    kinds.place,
    found.image_url,
    found.detail
