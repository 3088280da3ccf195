-- Packets of metadata in image files of the current runs, from the latest run that looked.
-- Bytes are given of those alone that may hold a reservation: XMP with the word DataMining, or in
-- UTF-16, where the word looks otherwise; manifest stores with the word training-mining, or packed.
-- reads: current_file_metadata
-- columns: image_url, position, kind, place, offset, size, raw, problem
SELECT
    image_url,
    position,
    kind,
    place,
    "offset",
    size,
    CASE
        WHEN kind = 'xmp' AND (contains(hex(raw), hex('DataMining')) OR contains(hex(raw), '00'))
            THEN raw
        WHEN kind = 'c2pa'
            AND (contains(hex(raw), hex('training-mining')) OR contains(hex(raw), hex('brob')))
            THEN raw
    END AS raw,
    problem
FROM current_file_metadata
QUALIFY run_id = max(run_id) OVER (PARTITION BY image_url)
ORDER BY image_url, position
