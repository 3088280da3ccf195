-- Rows whose picture hash differs from that of one of the artist's pictures in few of its 64 bits;
-- of several pictures the nearest.
-- reads: candidates, known_phashes
-- columns: match_id, kind, image_url, detail, weight
WITH hashed AS (
    SELECT
        match_id,
        phash,
        TRY_CAST('0x' || phash AS UBIGINT) AS bits
    FROM candidates
    WHERE regexp_full_match(phash, '[0-9a-f]{16}')
),

near AS (
    SELECT
        hashed.match_id,
        known_phashes.image_url,
        hashed.phash,
        bit_count(
            xor(hashed.bits, TRY_CAST('0x' || known_phashes.phash AS UBIGINT))
        ) AS differ
    FROM hashed
    CROSS JOIN known_phashes
)

SELECT
    match_id,
    'perceptual_hash' AS kind,
    arg_min(image_url, (differ, image_url)) AS image_url,
    concat('phash ', min(phash), ', ', min(differ), ' of 64 bits differ') AS detail,
    1 - min(differ) / 64.0 AS weight
FROM near
WHERE differ <= getvariable('differ')
GROUP BY match_id
ORDER BY match_id
