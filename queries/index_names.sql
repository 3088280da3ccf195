-- How the file names of an index's rows begin: decoded, in lower case, as written and without marks
-- of size before them; signs other than - . _ ~ are one "*".
-- reads: rows, odd_names
-- columns: short, name, pos
SELECT
    left(name, 7) AS short,
    name,
    pos
FROM (
    SELECT
        pos,
        left(
            CASE
                WHEN regexp_matches(plain, '[^a-z0-9._~-]')
                    THEN regexp_replace(plain, '[^\pL\pN._~-]+', '*', 'g')
                ELSE plain
            END,
            24
        ) AS name
    FROM (
        SELECT
            pos,
            CASE
                WHEN NOT contains(file_name, '%') THEN file_name
                WHEN
                    regexp_full_match(
                        file_name,
                        '(?:[^%]|%[0-7][0-9a-f]|%(?:c[2-9a-f]|d[0-9a-f])%[89ab][0-9a-f]|%e0%[ab][0-9a-f]%[89ab][0-9a-f]|%e[1-9a-cef](?:%[89ab][0-9a-f]){2}|%ed%[89][0-9a-f]%[89ab][0-9a-f]|%f0%[9ab][0-9a-f](?:%[89ab][0-9a-f]){2}|%f[1-3](?:%[89ab][0-9a-f]){3}|%f4%8[0-9a-f](?:%[89ab][0-9a-f]){2})*'
                    )
                    THEN lower(url_decode(file_name))
                ELSE file_name
            END AS plain
        FROM (
            SELECT
                pos,
                unnest(
                    CASE
                        WHEN regexp_matches(file_name, getvariable('stem_starts'))
                            THEN [
                                file_name,
                                ltrim(
                                    regexp_replace(file_name, getvariable('stem_starts'), ''), ' ._-'
                                )
                            ]
                        ELSE [file_name]
                    END
                ) AS file_name
            FROM (
                SELECT
                    pos,
                    ltrim(
                        lower(
                            parse_filename(
                                split_part(split_part(url, '?', 1), '#', 1), FALSE, 'forward_slash'
                            )
                        ),
                        ' ._-'
                    ) AS file_name
                FROM rows
                WHERE url IS NOT NULL
                UNION ALL
                -- Names of pictures that are not the last of the path: in a query, before a part of a resizer.
                SELECT
                    pos,
                    ltrim(
                        unnest(
                            regexp_extract_all(
                                regexp_replace(lower(url), '%(?:25)*(?:2f|3d|26|3f)', '/', 'g'),
                                '[/=]([^/=&?#]+\.(?:jpe?g|png|gif|webp|avif|bmp|tiff?))',
                                1
                            )
                        ),
                        ' ._-'
                    ) AS file_name
                FROM rows
                WHERE
                    regexp_matches(url, '(?i)\.(?:jpe?g|png|gif|webp|avif)[^a-z0-9?#]')
                    OR CASE
                        WHEN contains(url, '?')
                            THEN regexp_matches(url, '(?i)\?.*\.(?:jpe?g|png|gif|webp|avif|bmp|tiff?)')
                        ELSE FALSE
                    END
            )
        )
    )
    UNION ALL
    SELECT
        pos,
        left(regexp_replace(stem, '[^\pL\pN._~-]+', '*', 'g'), 24) AS name
    FROM odd_names
)
WHERE name <> ''
ORDER BY name, pos
