-- What could not be looked at: per work and searched edition each way of searching that was closed,
-- for want of something in the edition or of something of the work.
-- reads: spot_works, spot_editions
-- columns: work_id, dataset, edition, way, reason
WITH ways AS (
    SELECT
        spot_works.work_id,
        spot_editions.dataset,
        spot_editions.edition,
        'file_hash' AS way,
        CASE
            WHEN NOT spot_works.has_hash THEN 'no file of the work was loaded'
            WHEN spot_editions.hashes IS NULL THEN 'not known whether its rows have hashes'
            WHEN NOT spot_editions.hashes THEN 'its rows have no hash of the file'
        END AS reason
    FROM spot_works
    CROSS JOIN spot_editions

    UNION ALL

    SELECT
        spot_works.work_id,
        spot_editions.dataset,
        spot_editions.edition,
        'perceptual_hash' AS way,
        CASE
            WHEN NOT spot_works.has_picture THEN 'no picture file of the work was kept'
            WHEN spot_editions.picture_hashes IS NULL
                THEN 'not known whether its rows have picture hashes'
            WHEN NOT spot_editions.picture_hashes THEN 'its rows have no picture hash'
            WHEN spot_editions.looks_compared = 'none' THEN 'its picture hashes were not compared'
            WHEN spot_editions.looks_compared = 'equal'
                THEN 'of its picture hashes an index finds only those that are equal'
        END AS reason
    FROM spot_works
    CROSS JOIN spot_editions

    UNION ALL

    SELECT
        spot_works.work_id,
        spot_editions.dataset,
        spot_editions.edition,
        'embedding' AS way,
        CASE
            WHEN NOT spot_works.has_picture THEN 'no picture file of the work was kept'
            WHEN spot_editions.vectors_searched THEN NULL
            WHEN spot_editions.vectors IS NULL THEN 'not known whether vectors of it exist'
            WHEN spot_editions.vectors THEN 'its vectors were not searched'
            ELSE 'no vectors of it are published'
        END AS reason
    FROM spot_works
    CROSS JOIN spot_editions

    UNION ALL

    SELECT
        spot_works.work_id,
        spot_editions.dataset,
        spot_editions.edition,
        'text' AS way,
        CASE
            WHEN NOT spot_works.has_text THEN 'the work has no text beside it'
            WHEN NOT spot_editions.captions THEN 'its rows have no text'
        END AS reason
    FROM spot_works
    CROSS JOIN spot_editions
)

SELECT
    work_id,
    dataset,
    edition,
    way,
    reason
FROM ways
WHERE reason IS NOT NULL
ORDER BY ALL
