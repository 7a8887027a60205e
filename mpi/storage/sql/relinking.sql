-- name: standing_snapshot
-- What is committed by now: later changes are those that this snapshot does not see.
SELECT pg_current_snapshot()::text

-- name: standing_records
-- Every record of an active identity as compared (of a retired one nothing), and where it belongs; read out as a whole.
SELECT r.record_id, s.name, r.local_id, l.enterprise_id, l.decided_by = 'person',
    (extract(epoch FROM l.linked_at) * 1000000)::bigint, (extract(epoch FROM r.received_at) * 1000000)::bigint,
    CASE WHEN NOT r.retired THEN r.normalized::text END
FROM record r JOIN link l ON l.record_id = r.record_id JOIN source s ON s.source_id = r.source_id
WHERE NOT r.retired OR EXISTS (SELECT FROM identity i WHERE i.enterprise_id = l.enterprise_id AND i.status = 'active')

-- name: identities_by_age
-- The older one keeps its enterprise ID where nothing else decides.
SELECT enterprise_id FROM identity WHERE status = 'active' ORDER BY issued_at, enterprise_id

-- name: statements_in_force
-- What people stated about pairs of records.
SELECT verdict = 'same', record_a, record_b FROM assertion_pair WHERE NOT withdrawn ORDER BY record_a, record_b, verdict

-- name: pair_tasks
-- Every question there ever was about two identities; those a person answered without saying who is who.
SELECT task_id, state, record_ids, coalesce(resolution IN ('cannot_tell', 'overlay'), false) FROM task
WHERE identity_b IS NOT NULL ORDER BY task_id

-- name: linked_on_account_of
-- Pairs that the index compared when one of them came in, whatever keys they share. The ledger forgets none, so that
-- the same pairs are compared before and after a relink.
SELECT record_id, (data ->> 'with_record_id')::bigint FROM event
WHERE type = 'RecordLinked' AND data ->> 'with_record_id' IS NOT NULL

-- name: identities_changed_since
-- Whom anything happened to that the snapshot did not see. The ledger has a row for every change.
SELECT enterprise_id FROM event WHERE NOT pg_visible_in_snapshot(txid, %(snapshot)s::pg_snapshot)
UNION SELECT other_enterprise_id FROM event
    WHERE NOT pg_visible_in_snapshot(txid, %(snapshot)s::pg_snapshot) AND other_enterprise_id IS NOT NULL

-- name: begin_relink
-- A batch of its own, without a file.
INSERT INTO batch (batch_id, kind, state, reason) VALUES (%(batch_id)s, 'relink', 'running', %(reason)s)

-- name: end_relink
-- With what it did.
UPDATE batch SET state = 'done', finished_at = now(), counts = %(counts)s::json WHERE batch_id = %(batch_id)s

-- name: keep_replaced_links
-- As they were, before they are changed.
INSERT INTO replaced_link (batch_id, record_id, enterprise_id, decided_by, weight, probability, with_record_id, rule_hash, linked_at)
SELECT %(batch_id)s, record_id, enterprise_id, decided_by, weight, probability, with_record_id, rule_hash, linked_at
FROM link WHERE record_id = ANY(%(record_ids)s::bigint[])

-- name: restore_replaced_links
-- A record that is back where it was has the very link it had.
UPDATE link l SET decided_by = b.decided_by, weight = b.weight, probability = b.probability, with_record_id = b.with_record_id,
    rule_hash = b.rule_hash, linked_at = b.linked_at
FROM replaced_link b
WHERE b.batch_id = %(batch_id)s AND l.record_id = b.record_id AND l.enterprise_id = b.enterprise_id
    AND l.record_id = ANY(%(record_ids)s::bigint[])

-- name: lock_batch
-- Two people take one batch back: the second finds it done.
SELECT kind, state FROM batch WHERE batch_id = %(batch_id)s FOR UPDATE

-- name: replaced_links
-- Where the batch found the records that it moved.
SELECT record_id, enterprise_id, decided_by FROM replaced_link WHERE batch_id = %(batch_id)s ORDER BY record_id

-- name: batch_events
-- What a batch did besides moving records.
SELECT type, enterprise_id, other_enterprise_id, merge_id, task_id FROM event
WHERE batch_id = %(batch_id)s AND (type IN ('IdentitiesMerged', 'TaskQueued', 'TaskResolved')
    OR (type = 'EnterpriseIdAssigned' AND record_id IS NULL)) ORDER BY event_id

-- name: end_rollback
-- What it had done is undone.
UPDATE batch SET state = 'rolled_back', rolled_back_at = now() WHERE batch_id = %(batch_id)s
