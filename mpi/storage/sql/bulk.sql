-- name: known_in_bulk
-- Those of many arrivals that are stored already.
SELECT i.position
FROM unnest(%(positions)s::int[], %(source_ids)s::smallint[], %(local_ids)s::text[]) AS i(position, source_id, local_id)
JOIN record r ON r.source_id = i.source_id AND r.local_id = i.local_id

-- name: near_in_bulk
-- The identities that share a key with each of many arrivals; a key shared by too many says nothing.
SELECT DISTINCT k.position, l.enterprise_id
FROM unnest(%(positions)s::int[], %(keys)s::bigint[], %(used_max)s::int[]) AS k(position, key, used_max)
CROSS JOIN LATERAL (
    SELECT ARRAY(SELECT b.record_id FROM blocking_key b WHERE b.key = k.key LIMIT k.used_max + 1) AS record_ids
) AS hit
CROSS JOIN LATERAL unnest(hit.record_ids) AS id
JOIN link l ON l.record_id = id
WHERE cardinality(hit.record_ids) <= k.used_max

-- name: members_in_bulk
-- What many identities have to be compared by: their first active members.
SELECT member.enterprise_id, r.record_id, s.name, r.normalized
FROM (
    SELECT enterprise_id, record_id, row_number() OVER (PARTITION BY enterprise_id ORDER BY record_id) AS place
    FROM link WHERE enterprise_id = ANY(%(enterprise_ids)s::text[])
) AS member
JOIN record r ON r.record_id = member.record_id JOIN source s ON s.source_id = r.source_id
WHERE member.place <= %(members_max)s AND NOT r.retired
ORDER BY member.enterprise_id, r.record_id

-- name: links_elsewhere
-- Records on whose account others are about to be linked, and that are no longer where that was decided.
SELECT l.record_id FROM unnest(%(record_ids)s::bigint[], %(enterprise_ids)s::text[]) AS x(record_id, enterprise_id)
JOIN link l ON l.record_id = x.record_id WHERE l.enterprise_id <> x.enterprise_id LIMIT 1

-- name: passes_noted
-- Which blocking passes the stored keys are of.
SELECT value #>> '{}' FROM index_setting WHERE key = 'blocking_passes'

-- name: active_normalized
-- What keys are made of.
SELECT record_id, normalized::text FROM record WHERE NOT retired ORDER BY record_id
