-- The columns of a data set file that rows are sieved by; what nothing is wanted of is not read.
-- reads: dataset
-- columns: dataset_row, url, caption, md5, sha256, phash
SELECT
    dataset_row,
    url,
    CASE WHEN getvariable('captions') THEN caption END AS caption,
    CASE WHEN getvariable('hashes') THEN md5 END AS md5,
    CASE WHEN getvariable('hashes') THEN sha256 END AS sha256,
    CASE WHEN getvariable('phashes') THEN phash END AS phash
FROM dataset
