-- What each image file said in its packets of metadata: one row per reading of an image and kind
-- of packet that it ever had. The text of a large packet is left out, its hash is there.
-- reads: located_file_metadata
-- columns: archived, subject, place, signal, state, sha256, raw, reason, observed_at, run_id, file, file_rows
WITH readings AS (
    SELECT
        source = 'capture' AS archived,
        image_url AS place,
        run_id,
        file,
        max(observed_at) AS observed_at,
        max(problem) FILTER (WHERE kind = 'not_read') AS problem,
        count(*) FILTER (WHERE kind = 'not_read') > 0 AS not_read,
        list(file_row ORDER BY position, file_row) AS all_rows,
        list(
            {
                'kind': kind, 'packet': hex(raw), 'file_row': file_row, 'truncated': truncated
            }
            ORDER BY position, file_row
        ) FILTER (WHERE raw IS NOT NULL) AS packets
    FROM located_file_metadata
    GROUP BY archived, image_url, run_id, file
),

kinds AS (
    SELECT DISTINCT
        archived,
        place,
        packet.kind
    FROM (SELECT archived, place, unnest(packets) AS packet FROM readings)
),

judged AS (
    SELECT
        readings.*,
        'file ' || kinds.kind AS signal,
        [one FOR one IN coalesce(readings.packets, []) IF one.kind = kinds.kind] AS mine
    FROM readings
    JOIN kinds ON kinds.archived = readings.archived AND kinds.place = readings.place
),

told AS (
    SELECT
        *,
        CASE
            WHEN len(mine) > 0
                THEN unhex(array_to_string([one.packet FOR one IN mine], ''))
        END AS bytes,
        [one.file_row FOR one IN mine] AS my_rows
    FROM judged
)

SELECT
    archived,
    'image' AS subject,
    place,
    signal,
    CASE
        WHEN bytes IS NOT NULL THEN 'present'
        WHEN not_read THEN 'unknown'
        ELSE 'absent'
    END AS state,
    sha256(bytes) AS sha256,
    CASE WHEN octet_length(bytes) <= 16384 THEN bytes END AS raw,
    CASE
        WHEN len([1 FOR one IN mine IF one.truncated]) > 0 THEN 'only its beginning was kept'
        WHEN bytes IS NULL THEN problem
    END AS reason,
    observed_at,
    run_id,
    file,
    CASE WHEN bytes IS NOT NULL THEN my_rows ELSE all_rows END AS file_rows
FROM told
ORDER BY
    place,
    signal,
    observed_at,
    file,
    file_rows
