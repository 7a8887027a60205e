-- name: identity_row
-- What an enterprise ID is: asked by its own value, whatever became of it.
SELECT enterprise_id, status, surviving_id, successors, issued_at FROM identity WHERE enterprise_id = %(enterprise_id)s

-- name: members
-- The records of an identity, with what survivorship needs.
SELECT r.record_id, s.name, r.local_id, r.version, r.retired, r.source_record, r.received_at, s.trust,
    l.decided_by, l.weight, l.probability, l.linked_at
FROM link l JOIN record r ON r.record_id = l.record_id JOIN source s ON s.source_id = r.source_id
WHERE l.enterprise_id = %(enterprise_id)s ORDER BY r.received_at, r.record_id

-- name: stored_record
-- One record with its identity and what waits beside it.
SELECT r.record_id, s.name, r.local_id, r.version, r.retired, r.source_record, r.received_at, l.enterprise_id,
    p.source_record, r.normalized
FROM record r JOIN source s ON s.source_id = r.source_id JOIN link l ON l.record_id = r.record_id
LEFT JOIN held_update p ON p.record_id = r.record_id AND p.outcome IS NULL
WHERE s.name = %(source)s AND r.local_id = %(local_id)s

-- name: stored_versions
-- What it said before.
SELECT version, source_record, received_at, superseded_at FROM record_version
WHERE record_id = %(record_id)s ORDER BY version

-- name: record_refs
-- How people call these records.
SELECT r.record_id, s.name, r.local_id, r.version FROM record r JOIN source s ON s.source_id = r.source_id
WHERE r.record_id = ANY(%(record_ids)s) ORDER BY r.record_id

-- name: normalized_of_identity
-- Its active members as compared.
SELECT r.record_id, r.normalized, s.name, r.local_id FROM link l
JOIN record r ON r.record_id = l.record_id JOIN source s ON s.source_id = r.source_id
WHERE l.enterprise_id = %(enterprise_id)s AND NOT r.retired ORDER BY r.record_id LIMIT %(members_max)s

-- name: identity_events
-- The ledger of one identity, oldest first.
SELECT event_id, at, type, actor, enterprise_id, other_enterprise_id, record_id, merge_id, task_id, assertion_id, data
FROM event WHERE enterprise_id = %(enterprise_id)s OR other_enterprise_id = %(enterprise_id)s ORDER BY event_id

-- name: ledger_of_members_ever
-- Every link change of every record that was ever in this identity, up to a moment.
SELECT e.event_id, e.at, e.type, e.actor, e.enterprise_id, e.other_enterprise_id, e.record_id, e.merge_id, e.task_id,
    e.assertion_id, e.data
FROM event e
WHERE e.type IN ('EnterpriseIdAssigned', 'RecordLinked', 'RecordUnlinked', 'RecordRetired') AND e.at <= %(at)s AND e.record_id IN (
    SELECT record_id FROM event WHERE (enterprise_id = %(enterprise_id)s OR other_enterprise_id = %(enterprise_id)s)
        AND record_id IS NOT NULL AND at <= %(at)s)
ORDER BY e.event_id

-- name: survivor_at
-- Where a look-up of this ID ended at a moment.
WITH RECURSIVE path AS (
    SELECT %(enterprise_id)s::text COLLATE "C" AS id, 0 AS depth
    UNION ALL
    SELECT m.surviving, path.depth + 1 FROM path JOIN merge m ON m.subsumed = path.id
    WHERE m.merged_at <= %(at)s AND (m.undone_at IS NULL OR m.undone_at > %(at)s) AND path.depth < 1000
)
SELECT id FROM path ORDER BY depth DESC LIMIT 1

-- name: versions_at
-- The demographics these records had at a moment.
SELECT r.record_id, s.name, r.local_id, coalesce(v.version, r.version), coalesce(v.source_record, r.source_record), s.trust,
    coalesce(v.received_at, r.received_at)
FROM record r JOIN source s ON s.source_id = r.source_id
LEFT JOIN record_version v ON v.record_id = r.record_id AND v.received_at <= %(at)s AND v.superseded_at > %(at)s
WHERE r.record_id = ANY(%(record_ids)s) ORDER BY r.record_id

-- name: tolerate_typos
-- How much of what was typed has to be found again.
SELECT set_config('pg_trgm.word_similarity_threshold', %(share)s::text, true)

-- name: search_terms
-- The search box, first: who has every word that was typed. Bounded, whatever the words are.
SELECT l.enterprise_id, max(word_similarity(%(text)s, r.search_text)) AS similarity
FROM records_by_terms(%(wanted)s::tsquery, NULL, %(candidates)s, false) AS found(record_id)
JOIN record r ON r.record_id = found.record_id JOIN link l ON l.record_id = r.record_id
GROUP BY l.enterprise_id ORDER BY similarity DESC, l.enterprise_id LIMIT %(limit)s

-- name: search_alike
-- Then: who has something like it, by trigrams; nothing else uses these. So many are looked at, the best of them told.
SELECT l.enterprise_id, max(best.similarity) AS similarity
FROM (SELECT near.record_id, near.similarity
      FROM (SELECT r.record_id, word_similarity(%(text)s, r.search_text) AS similarity FROM record r
            WHERE %(text)s <%% r.search_text AND NOT r.retired LIMIT %(candidates)s) AS near
      ORDER BY near.similarity DESC, near.record_id LIMIT 100) AS best
JOIN link l ON l.record_id = best.record_id
GROUP BY l.enterprise_id ORDER BY similarity DESC, l.enterprise_id LIMIT %(limit)s

-- name: members_of_many
-- The records of several identities, with what survivorship needs, bounded per identity.
SELECT l.enterprise_id, m.*
FROM unnest(%(enterprise_ids)s::text[]) AS l(enterprise_id)
CROSS JOIN LATERAL (
    SELECT r.record_id, s.name, r.local_id, r.version, r.retired, r.source_record, r.received_at, s.trust,
        k.decided_by, k.weight, k.probability, k.linked_at
    FROM link k JOIN record r ON r.record_id = k.record_id JOIN source s ON s.source_id = r.source_id
    WHERE k.enterprise_id = l.enterprise_id COLLATE "C" ORDER BY r.received_at, r.record_id LIMIT %(members_max)s
) AS m

-- name: feed
-- The change feed from a cursor on.
SELECT e.seq, e.at, e.type, e.actor, e.enterprise_id, e.other_enterprise_id, e.record_id, e.merge_id, e.task_id, e.assertion_id,
    e.data
FROM event e
WHERE e.seq > %(after)s ORDER BY e.seq LIMIT %(limit)s

-- name: lock_publishing
-- One process at a time gives events their place.
SELECT pg_advisory_xact_lock(%(lock)s, 0)

-- name: publish
-- Events of finished transactions get their place in the feed, in the order they were written. One that an older,
-- still running transaction could yet precede waits for the next call.
UPDATE event SET seq = ready.place + (SELECT coalesce(max(seq), 0) FROM event)
FROM (
    SELECT event_id, row_number() OVER (ORDER BY event_id) AS place FROM (
        SELECT event_id FROM event WHERE seq IS NULL AND txid < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY event_id LIMIT %(limit)s) AS waiting
) AS ready
WHERE event.event_id = ready.event_id

-- name: assignments
-- Which record is whose, for a comparison with known truth or another index.
SELECT s.name, r.local_id, l.enterprise_id FROM link l JOIN record r ON r.record_id = l.record_id
JOIN source s ON s.source_id = r.source_id WHERE NOT r.retired ORDER BY r.record_id

-- name: open_questions
-- The records that open tasks ask about.
SELECT array_agg(s.name ORDER BY u.place), array_agg(r.local_id ORDER BY u.place)
FROM task t CROSS JOIN LATERAL unnest(t.record_ids) WITH ORDINALITY AS u(record_id, place)
JOIN record r ON r.record_id = u.record_id JOIN source s ON s.source_id = r.source_id
WHERE t.state <> 'resolved' GROUP BY t.task_id ORDER BY t.task_id
