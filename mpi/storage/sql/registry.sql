-- name: record_views
-- Records as the standard dialects tell them: by number, and all members of identities.
SELECT r.record_id, s.name, s.trust, r.local_id, r.version, r.retired, r.source_record, r.original, r.received_at,
    l.enterprise_id, p.record_id, p.local_id,
    ARRAY(SELECT o.record_id FROM record o WHERE o.replaced_by = r.record_id ORDER BY o.record_id)
FROM (
    SELECT record_id FROM link WHERE enterprise_id = ANY(%(enterprise_ids)s::text[])
    UNION SELECT unnest(%(record_ids)s::bigint[])
) AS wanted
JOIN record r ON r.record_id = wanted.record_id JOIN source s ON s.source_id = r.source_id
JOIN link l ON l.record_id = r.record_id
LEFT JOIN record p ON p.record_id = r.replaced_by
ORDER BY s.trust DESC, r.received_at, r.record_id

-- name: record_view_versions
-- What a record said before, newest first.
SELECT version, source_record, original, received_at FROM record_version
WHERE record_id = %(record_id)s ORDER BY version DESC

-- name: record_id_of
-- The number of a record by its key.
SELECT r.record_id FROM record r JOIN source s ON s.source_id = r.source_id
WHERE s.name = %(source)s AND r.local_id = %(local_id)s

-- name: identity_views
-- Identities with the last thing that happened to each, and who redirects to them.
SELECT i.enterprise_id, i.status, i.surviving_id, i.successors, e.event_id, coalesce(e.at, i.changed_at),
    ARRAY(SELECT m.enterprise_id FROM identity m WHERE m.surviving_id = i.enterprise_id ORDER BY m.enterprise_id)
FROM identity i
LEFT JOIN LATERAL (
    SELECT event_id, at FROM event WHERE enterprise_id = i.enterprise_id ORDER BY event_id DESC LIMIT 1
) AS e ON true
WHERE i.enterprise_id = ANY(%(enterprise_ids)s::text[])

-- name: records_by_identifier
-- Who carries each of these identifiers: by search term, and as the local ID of the source that owns the domain.
SELECT w.position, h.record_id
FROM unnest(%(positions)s::int[], %(queries)s::text[]) AS w(position, query)
CROSS JOIN LATERAL records_by_terms(w.query::tsquery, %(record_max)s, true) AS h(record_id)
UNION
SELECT w.position, r.record_id
FROM unnest(%(local_positions)s::int[], %(sources)s::text[], %(local_ids)s::text[]) AS w(position, source, local_id)
JOIN source s ON s.name = w.source JOIN record r ON r.source_id = s.source_id AND r.local_id = w.local_id
