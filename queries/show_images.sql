-- Every mention of an image with what became of the image itself; images that no page
-- mentions follow with the columns of the mention empty.
-- reads: image_refs, images, runs
-- columns: run_id, source, observed_at, image_url, page_url, position, tag, attribute, raw, descriptor, image_group, alt, alt_state, captions, absolute, in_laion_shape, not_in_shape_because, furniture, outcome, reason, method, status, hop_count, final_url, content_type, sniffed_type, size, sha256, md5, width, height, etag, last_modified, stored_as, robots_rule
SELECT
    coalesce(image_refs.run_id, images.run_id) AS run_id,
    coalesce(image_refs.source, images.source) AS source,
    coalesce(images.observed_at, image_refs.observed_at) AS observed_at,
    coalesce(image_refs.image_url, images.image_url) AS image_url,
    image_refs.page_url,
    image_refs.position,
    image_refs.tag,
    image_refs.attribute,
    image_refs.raw,
    image_refs.descriptor,
    image_refs.image_group,
    image_refs.alt,
    image_refs.alt_state,
    image_refs.captions,
    image_refs.absolute,
    image_refs.in_laion_shape,
    image_refs.not_in_shape_because,
    image_refs.furniture,
    images.outcome,
    images.reason,
    images.method,
    images.status,
    images.hop_count,
    images.final_url,
    images.content_type,
    images.sniffed_type,
    images.size,
    images.sha256,
    images.md5,
    images.width,
    images.height,
    images.etag,
    images.last_modified,
    images.stored_as,
    images.robots_rule
FROM image_refs
FULL JOIN images ON images.run_id = image_refs.run_id AND images.image_url = image_refs.image_url
WHERE getvariable('all_runs')
    OR coalesce(image_refs.run_id, images.run_id)
        IN (SELECT max(run_id) FROM runs WHERE source <> 'capture' GROUP BY source)
ORDER BY
    page_url NULLS LAST,
    position,
    raw,
    image_url,
    run_id
