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
CROSS JOIN LATERAL records_by_terms(w.query::tsquery, NULL, %(record_max)s, true) AS h(record_id)
UNION
SELECT w.position, r.record_id
FROM unnest(%(local_positions)s::int[], %(sources)s::text[], %(local_ids)s::text[]) AS w(position, source, local_id)
JOIN source s ON s.name = w.source
-- By the key, whatever the planner thinks of how many there are.
CROSS JOIN LATERAL (
    SELECT record_id FROM record WHERE source_id = s.source_id AND local_id = w.local_id LIMIT 1
) AS r

-- name: find_by_terms
-- Records by search terms, and whose they are; one more than wanted tells that there are too many.
SELECT h.record_id, l.enterprise_id FROM records_by_terms(%(query)s::tsquery, %(further)s::tsquery, %(record_max)s, false)
    AS h(record_id)
CROSS JOIN LATERAL (SELECT enterprise_id FROM link WHERE record_id = h.record_id LIMIT 1) AS l

-- name: find_among
-- Those of these records that are active and satisfy the terms.
SELECT r.record_id, l.enterprise_id
FROM (
    SELECT unnest(%(record_ids)s::bigint[]) AS record_id
    UNION SELECT record_id FROM link WHERE enterprise_id = ANY(%(enterprise_ids)s::text[])
) AS wanted
JOIN record r ON r.record_id = wanted.record_id JOIN link l ON l.record_id = r.record_id
WHERE NOT r.retired AND (%(query)s::text IS NULL OR r.terms @@ %(query)s::tsquery) LIMIT %(record_max)s

-- name: find_by_time
-- Records received within a time.
SELECT r.record_id, l.enterprise_id FROM record r JOIN link l ON l.record_id = r.record_id
WHERE r.received_at >= %(since)s AND r.received_at < %(until)s AND NOT r.retired
    AND (%(query)s::text IS NULL OR r.terms @@ %(query)s::tsquery)
ORDER BY r.received_at LIMIT %(record_max)s

-- name: find_by_part
-- Records by the middle of a name: the search box's line, with trigrams.
SELECT r.record_id, l.enterprise_id FROM record r JOIN link l ON l.record_id = r.record_id
WHERE r.search_text LIKE %(pattern)s AND NOT r.retired LIMIT %(record_max)s

-- name: find_any
-- Any active records, so many at most.
SELECT r.record_id, l.enterprise_id FROM record r JOIN link l ON l.record_id = r.record_id
WHERE NOT r.retired LIMIT %(record_max)s

-- name: walk_by_terms
-- The next identities in order that have a record with these terms.
SELECT identities_by_terms(%(query)s::tsquery, %(after)s, %(limit)s)

-- name: identities_in_domains
-- Those of these identities that have an identifier in a domain: a record of its owner, or one that carries one.
SELECT DISTINCT l.enterprise_id FROM link l JOIN record r ON r.record_id = l.record_id
JOIN source s ON s.source_id = r.source_id
WHERE l.enterprise_id = ANY(%(enterprise_ids)s::text[]) AND NOT r.retired
    AND (s.name = ANY(%(owners)s::text[]) OR r.terms @@ %(query)s::tsquery)

-- name: subsumed_into
-- Where redirected enterprise IDs lead.
SELECT enterprise_id, surviving_id FROM identity WHERE enterprise_id = ANY(%(enterprise_ids)s::text[])

-- name: replace_record
-- The record gave way to another of its source.
UPDATE record SET replaced_by = %(replaced_by)s WHERE record_id = %(record_id)s

-- name: restore_record
-- It did not, after all.
UPDATE record SET retired = false, replaced_by = NULL WHERE record_id = %(record_id)s

-- name: rename_record
-- The same record under another local ID.
UPDATE record SET local_id = %(local_id)s WHERE record_id = %(record_id)s

-- name: merge_of_replacement
-- The merge that a record's replacement made, if it still stands.
SELECT m.merge_id FROM event e JOIN merge m ON m.merge_id = e.merge_id AND m.undone_at IS NULL
WHERE e.record_id = %(record_id)s AND e.type = 'RecordRetired' ORDER BY e.event_id DESC LIMIT 1

-- name: survivor_of_record
-- The local ID of the record that this one gave way to.
SELECT p.local_id FROM record r JOIN record p ON p.record_id = r.replaced_by WHERE r.record_id = %(record_id)s

-- name: records_without_terms
-- Records of a database that is older than search terms; whoever makes them holds them.
SELECT r.record_id, s.name, r.local_id, r.source_record, r.original FROM record r JOIN source s ON s.source_id = r.source_id
WHERE r.terms IS NULL ORDER BY r.record_id LIMIT %(limit)s FOR UPDATE OF r SKIP LOCKED

-- name: put_terms
-- The terms that were made.
UPDATE record r SET terms = x.terms::tsvector
FROM unnest(%(record_ids)s::bigint[], %(terms)s::text[]) AS x(record_id, terms) WHERE r.record_id = x.record_id

-- name: show_identities
-- Identities with all their members, and the audit row that says so: one round trip, one transaction.
WITH noted AS (
    INSERT INTO audit (actor, role, action, outcome, enterprise_ids, query_fields, result_count, reason, request_id)
    SELECT actor, role, action, outcome, enterprise_ids, query_fields, result_count, reason, request_id
    FROM json_to_record(%(audit)s::json) AS x(actor text, role text, action text, outcome text, enterprise_ids text[],
        query_fields text[], result_count integer, reason text, request_id text)
), facts AS MATERIALIZED (
    SELECT i.enterprise_id, i.status, i.surviving_id, i.successors, e.event_id, coalesce(e.at, i.changed_at) AS at,
        ARRAY(SELECT m.enterprise_id FROM identity m WHERE m.surviving_id = i.enterprise_id ORDER BY m.enterprise_id) AS subsumed
    FROM identity i
    LEFT JOIN LATERAL (
        SELECT event_id, at FROM event WHERE enterprise_id = i.enterprise_id ORDER BY event_id DESC LIMIT 1
    ) AS e ON true
    WHERE i.enterprise_id = ANY(%(enterprise_ids)s::text[])
)
SELECT f.enterprise_id, f.status, f.surviving_id, f.successors, f.event_id, f.at, f.subsumed,
    r.record_id, s.name, s.trust, r.local_id, r.version, r.retired, r.source_record, r.original, r.received_at,
    l.enterprise_id, p.record_id, p.local_id,
    ARRAY(SELECT o.record_id FROM record o WHERE o.replaced_by = r.record_id ORDER BY o.record_id)
FROM facts f JOIN link l ON l.enterprise_id = f.enterprise_id JOIN record r ON r.record_id = l.record_id
JOIN source s ON s.source_id = r.source_id
LEFT JOIN record p ON p.record_id = r.replaced_by
ORDER BY s.trust DESC, r.received_at, r.record_id

-- name: export_parts
-- Where the parts of an export end.
SELECT enterprise_id FROM (
    SELECT enterprise_id, row_number() OVER (ORDER BY enterprise_id) AS place FROM identity WHERE status = 'active'
) AS counted WHERE place %% %(size)s = 0 ORDER BY enterprise_id
