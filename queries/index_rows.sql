-- Rows of data set files as an index holds them: all that a search compares, sorted by place.
-- `domain` and `site` are the first eight digits of the MD5 of the host's last two and last three
-- labels (example.com, www.example.com), short so that the bounds of a row group hold them whole;
-- both are '' where the host is not written plainly. `odd` rows hold something that only a close
-- look can read: another spelling of a host, encoded letters, another address inside.
-- reads: dataset
-- columns: domain, site, odd, file, dataset_row, url, caption, sample_id, hash, nsfw, license, language, phash, md5, sha256, similarity, punsafe, pwatermark, aesthetic, width, height, file_width, file_height
SELECT
    CASE WHEN host = '' THEN '' ELSE left(md5(array_to_string(labels[-2:], '.')), 8) END AS domain,
    CASE WHEN host = '' THEN '' ELSE left(md5(array_to_string(labels[-3:], '.')), 8) END AS site,
    url IS NOT NULL
    AND (
        host = ''
        OR regexp_matches(lower(url), getvariable('encoders'))
        OR contains(url, '\')
        OR contains(url, '/.')
        OR contains(url, 'aHR0c')
        OR contains(url, '.pagespeed.')
        OR contains(url, chr(9))
        OR contains(url, chr(10))
        OR contains(url, chr(13))
        -- A condition before THEN spares most rows the expensive one behind it; AND would not.
        -- Of all that is escaped for HTML, "&amp;" in a query alone misleads no plain search.
        OR CASE
            WHEN contains(url, '&')
                THEN regexp_matches(
                    split_part(url, '?', 1)
                    || replace(substr(url, length(split_part(url, '?', 1)) + 1), '&amp;', '&'),
                    '&(?:[A-Za-z]+[0-9]*|#[0-9A-Fa-fxX]+);'
                )
            ELSE FALSE
        END
        -- Another address inside: it may be spelled in any way, and hide a third.
        OR CASE
            WHEN contains(substr(url, 9), ':') OR contains(url, '%')
                THEN regexp_matches(
                    substr(url, 9), '(?i)https?(?::|%(?:25)*3a)(?:/|\\|%(?:25)*(?:2f|5c))'
                )
            ELSE FALSE
        END
        -- One that may be there without its scheme, where its host or its folders are encoded.
        OR CASE
            WHEN contains(url, '%') OR strlen(url) <> length(url)
                THEN regexp_matches(url, getvariable('wrappers'))
                AND regexp_matches(
                    url, '(?i)[^\x00-\x7f]|%(?:25)*(?:2f|3a|5c|[89a-f][0-9a-f])'
                )
            ELSE FALSE
        END
        -- Letters, digits and - . _ ~ need no escape, and letters that fold into several; escapes
        -- of another encoding than UTF-8, or of none.
        OR CASE
            WHEN contains(url, '%')
                THEN contains(url, '%25')
                OR regexp_matches(
                    url,
                    '%(?:25)*(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])|(?i)%c2%b5|%c3%9f|%c4%b0|%c5%(?:89|bf)|%c7%b0|%cf%82|%e1%ba%9[6-9a-e]|%e2%84%aa|%ef%ac%8[0-6]'
                )
                OR NOT regexp_full_match(
                    lower(url),
                    '(?:[^%]|%[0-7][0-9a-f]|%(?:c[2-9a-f]|d[0-9a-f])%[89ab][0-9a-f]|%e0%[ab][0-9a-f]%[89ab][0-9a-f]|%e[1-9a-cef](?:%[89ab][0-9a-f]){2}|%ed%[89][0-9a-f]%[89ab][0-9a-f]|%f0%[9ab][0-9a-f](?:%[89ab][0-9a-f]){2}|%f[1-3](?:%[89ab][0-9a-f]){3}|%f4%8[0-9a-f](?:%[89ab][0-9a-f]){2})*'
                )
            ELSE FALSE
        END
        OR CASE
            WHEN strlen(url) <> length(url) THEN regexp_matches(url, '[ßµİŉſǰςẖ-ẞKﬀ-ﬆ]')
            ELSE FALSE
        END
    ) AS odd,
    file,
    dataset_row,
    url,
    caption,
    sample_id,
    hash,
    nsfw,
    license,
    language,
    phash,
    md5,
    sha256,
    similarity,
    punsafe,
    pwatermark,
    aesthetic,
    width,
    height,
    file_width,
    file_height
FROM (
    SELECT
        *,
        string_split(host, '.') AS labels
    FROM (
        SELECT
            *,
            coalesce(
                regexp_extract(url, '^https?://([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)(?:[/?#]|$)', 1),
                ''
            ) AS host
        FROM dataset
    )
)
-- As one number, which sorts faster: the same order.
ORDER BY
    CASE WHEN domain <> '' THEN CAST('0x' || domain || site AS UBIGINT) END NULLS FIRST,
    file,
    dataset_row
