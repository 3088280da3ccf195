-- Where the rows stand that the tables of an index tie to what is asked: hosts that an address
-- carries, beginnings of file names, parts of addresses (all of one picture), content hashes.
-- reads: places, names, parts, hashes, asked_domains, asked_sites, asked_names, asked_parts, asked_hashes
-- columns: pos
SELECT pos
FROM places
WHERE domain IN (SELECT domain FROM asked_domains)
UNION
SELECT pos
FROM places
-- Each column by itself: so the bounds of row groups rule out what neither can hold.
WHERE
    domain IN (SELECT domain FROM asked_sites)
    AND site IN (SELECT site FROM asked_sites)
UNION
SELECT pos
FROM hashes
WHERE value IN (SELECT value FROM asked_hashes)
UNION
SELECT names.pos
FROM names
JOIN asked_names ON left(names.name, 7) = asked_names.short
WHERE starts_with(names.name, asked_names.start)
UNION
SELECT pos
FROM (
    SELECT
        parts.pos,
        asked_parts.asked
    FROM parts
    JOIN asked_parts ON parts.part = asked_parts.part
    GROUP BY parts.pos, asked_parts.asked, asked_parts.needed
    HAVING count(DISTINCT parts.part) = asked_parts.needed
)
