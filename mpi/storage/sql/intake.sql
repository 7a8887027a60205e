-- name: look
-- Everything a registration decides on, in one round trip and with bounded work whatever the data looks like: kind 0 the
-- record under this local ID, kind 1 the members of every identity near it, kind 2 the keys too common to use, kind 3 the
-- records that share a key. Of a key at most block_max records are read; one that more than used_max have finds nobody.
WITH known AS MATERIALIZED (
    SELECT i.position, r.record_id, r.version, r.retired, r.content_hash, l.enterprise_id, p.content_hash AS pending_hash,
        p.task_id
    FROM unnest(%(positions)s::int[], %(source_ids)s::smallint[], %(local_ids)s::text[]) AS i(position, source_id, local_id)
    JOIN record r ON r.source_id = i.source_id AND r.local_id = i.local_id
    JOIN link l ON l.record_id = r.record_id
    LEFT JOIN held_update p ON p.record_id = r.record_id AND p.outcome IS NULL
), hit AS MATERIALIZED (
    SELECT k.position, k.number, k.used_max,
        ARRAY(SELECT b.record_id FROM blocking_key b WHERE b.key = k.key LIMIT %(block_max)s + 1) AS record_ids
    FROM unnest(%(key_positions)s::int[], %(key_numbers)s::int[], %(keys)s::bigint[], %(used_max)s::int[])
        AS k(position, number, key, used_max)
), near AS (
    SELECT l.enterprise_id, array_agg(DISTINCT h.position)::bigint[] AS positions
    FROM (
        SELECT hit.position, id AS record_id FROM hit, unnest(hit.record_ids) AS id
        WHERE cardinality(hit.record_ids) <= hit.used_max
        UNION SELECT known.position, known.record_id FROM known
    ) AS h
    JOIN link l ON l.record_id = h.record_id
    GROUP BY l.enterprise_id
)
SELECT 0 AS kind, ARRAY[position]::bigint[] AS positions, record_id, enterprise_id, version, retired, content_hash,
    NULL::smallint AS source_id, NULL::json AS normalized, pending_hash, task_id
FROM known
UNION ALL
SELECT 1, near.positions, r.record_id, near.enterprise_id, r.version, r.retired, NULL, r.source_id, r.normalized, NULL, NULL
FROM near
CROSS JOIN LATERAL (
    SELECT l.record_id FROM link l WHERE l.enterprise_id = near.enterprise_id ORDER BY l.record_id LIMIT %(members_max)s
) AS member
JOIN record r ON r.record_id = member.record_id
WHERE NOT r.retired
UNION ALL
SELECT 2, ARRAY[hit.position]::bigint[], hit.number, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM hit WHERE cardinality(hit.record_ids) > hit.used_max
UNION ALL
SELECT 3, array_agg(DISTINCT id ORDER BY id), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM hit, unnest(hit.record_ids) AS id WHERE cardinality(hit.record_ids) <= %(block_max)s

-- name: lock_bulk
-- A chunk of a file: while it decides, nobody else creates an identity.
SELECT pg_advisory_xact_lock(%(lock)s, 0)

-- name: lock_identities
-- Held until commit, so that a merge cannot slip between a decision and its link.
SELECT enterprise_id FROM identity
WHERE enterprise_id = ANY(%(enterprise_ids)s) AND status = 'active' ORDER BY enterprise_id FOR NO KEY UPDATE

-- name: lock_stewardship
-- People's decisions one after the other: they are few, and each may reach far.
SELECT pg_advisory_xact_lock(%(lock)s, 0)

-- name: hold_tree
-- Whatever their status; a registration that wants one of them waits.
SELECT enterprise_id FROM identity WHERE enterprise_id = ANY(%(enterprise_ids)s) ORDER BY enterprise_id FOR NO KEY UPDATE

-- name: lock_record
-- An update decides on the version it replaces.
SELECT version, normalized FROM record WHERE record_id = %(record_id)s FOR UPDATE

-- name: register
-- New records and what they were assigned, if that still holds.
SELECT register(%(records)s::json, %(keys)s::bigint[], %(key_record_ids)s::bigint[], %(doc)s::json, %(signed)s::json,
    %(lock_numbers)s::integer[], %(block_max)s::integer, %(seen)s::bigint[], %(enterprise_ids)s::text[])

-- name: update_record
-- The new demographics become current; what they replace is kept with the time it held.
WITH before AS (
    INSERT INTO record_version (record_id, version, source_record, received_at, original)
    SELECT record_id, version, source_record, received_at, original FROM record WHERE record_id = %(record_id)s
), keys_gone AS (
    DELETE FROM blocking_key WHERE record_id = %(record_id)s
)
UPDATE record SET version = version + 1, retired = false, content_hash = %(content_hash)s, source_record = %(source_record)s::json,
    normalized = %(normalized)s::json, search_text = %(search_text)s, received_at = now(), original = %(original)s::json,
    terms = %(terms)s::tsvector
WHERE record_id = %(record_id)s

-- name: add_keys
-- After an update or a return from retirement.
INSERT INTO blocking_key (key, record_id) SELECT key, %(record_id)s FROM unnest(%(keys)s::bigint[]) AS key

-- name: hold_update
-- The update waits beside the record; a later one takes its place under the same task.
INSERT INTO held_update (task_id, record_id, source_record, content_hash, original)
VALUES (%(task_id)s, %(record_id)s, %(source_record)s::json, %(content_hash)s, %(original)s::json)
ON CONFLICT (task_id) DO UPDATE SET source_record = EXCLUDED.source_record, content_hash = EXCLUDED.content_hash,
    original = EXCLUDED.original, received_at = now()

-- name: settle_held_update
-- Released, rejected or overtaken; NULL: held again, because the answer was taken back, unless another is by now.
UPDATE held_update h SET outcome = %(outcome)s WHERE h.task_id = %(task_id)s AND (%(outcome)s::text IS NOT NULL
    OR NOT EXISTS (SELECT FROM held_update o WHERE o.record_id = h.record_id AND o.outcome IS NULL AND o.task_id <> h.task_id))
RETURNING h.record_id

-- name: held_update_of_task
-- What a reviewer of an overlay sees: the record as it is, and as it would be.
SELECT h.record_id, h.source_record, h.outcome, r.source_record, s.name, r.local_id, r.source_id, r.version, h.original
FROM held_update h JOIN record r ON r.record_id = h.record_id JOIN source s ON s.source_id = r.source_id
WHERE h.task_id = %(task_id)s

-- name: previous_version
-- What a record said before its present version.
SELECT source_record, original FROM record_version WHERE record_id = %(record_id)s ORDER BY version DESC LIMIT 1

-- name: retire_record
-- A retired record leaves the candidates and keeps its history.
WITH keys_gone AS (DELETE FROM blocking_key WHERE record_id = %(record_id)s)
UPDATE record SET retired = true WHERE record_id = %(record_id)s AND NOT retired RETURNING record_id

-- name: settled_or_asked
-- Pairs of these identities that are in an open task, or that a person said are different people.
SELECT identity_a, identity_b FROM task
WHERE state <> 'resolved' AND identity_a = ANY(%(enterprise_ids)s) AND identity_b = ANY(%(enterprise_ids)s)
UNION
SELECT least(a.enterprise_id, b.enterprise_id), greatest(a.enterprise_id, b.enterprise_id)
FROM link a JOIN assertion_pair p ON p.record_a = a.record_id JOIN link b ON b.record_id = p.record_b
WHERE NOT p.withdrawn AND p.verdict = 'different'
    AND a.enterprise_id = ANY(%(enterprise_ids)s) AND b.enterprise_id = ANY(%(enterprise_ids)s)

-- name: take_numbers
-- A thousand numbers for this process.
SELECT nextval('number_block')

-- name: sources
-- Few, and asked for on every registration: cached by the process.
SELECT name, source_id, trust, settings FROM source ORDER BY name

-- name: declare_source
-- Adds or changes, never deletes.
INSERT INTO source (name, trust, settings) VALUES (%(name)s, %(trust)s, %(settings)s::json)
ON CONFLICT (name) DO UPDATE SET trust = EXCLUDED.trust, settings = EXCLUDED.settings RETURNING source_id

-- name: declare_source_on_sight
-- A source nobody declared, where that is allowed.
INSERT INTO source (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING

-- name: declare_authority_on_sight
-- An authority nobody declared, where that is allowed; nobody owns it.
INSERT INTO authority (name, oid, uri) VALUES (%(name)s, %(oid)s, %(uri)s) ON CONFLICT DO NOTHING

-- name: authorities
-- Who issues identifiers.
SELECT name, oid, uri, type, owner, person_unique FROM authority ORDER BY coalesce(name, oid, uri)

-- name: add_authority
-- A domain of identifiers.
INSERT INTO authority (name, oid, uri, type, owner, person_unique)
VALUES (%(name)s, %(oid)s, %(uri)s, %(type)s, %(owner)s, %(person_unique)s)

-- name: remove_authority
-- Before it is written anew with what the file says.
DELETE FROM authority WHERE name = %(name)s OR oid = %(oid)s OR uri = %(uri)s

-- name: put_setting
-- One row per key.
INSERT INTO index_setting (key, value) VALUES (%(key)s, %(value)s::json) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value

-- name: index_setting
-- What the declarations say about the index itself.
SELECT value FROM index_setting WHERE key = %(key)s

-- name: keep_rule_set
-- The words of every rule set that ever decided, once.
INSERT INTO rule_set (hash, name, content) VALUES (%(hash)s, %(name)s, %(content)s) ON CONFLICT (hash) DO NOTHING

-- name: lock_idempotency
-- Two requests with one key: the second is told to ask again.
SELECT pg_try_advisory_xact_lock(%(lock)s, %(key_hash)s)

-- name: stored_answer
-- What a request with this key was answered before.
SELECT body_hash, status, response FROM idempotency WHERE scope = %(scope)s AND key = %(key)s

-- name: store_answer
-- In the transaction that did the work.
INSERT INTO idempotency (scope, key, body_hash, status, response)
VALUES (%(scope)s, %(key)s, %(body_hash)s, %(status)s, %(response)s)
