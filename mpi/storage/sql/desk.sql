-- name: case_records
-- The records a question is about: the members of its identities, and the pair that raised it wherever it is by now.
SELECT r.record_id, s.name, r.local_id, r.version, r.retired, r.source_record, r.received_at, s.trust,
    l.decided_by, l.weight, l.probability, l.linked_at, l.enterprise_id, r.normalized
FROM (
    SELECT record_id FROM link WHERE enterprise_id = ANY(%(enterprise_ids)s)
    UNION SELECT unnest(%(record_ids)s::bigint[])
    ORDER BY record_id LIMIT %(members_max)s
) AS wanted
JOIN record r ON r.record_id = wanted.record_id JOIN link l ON l.record_id = r.record_id
JOIN source s ON s.source_id = r.source_id ORDER BY r.received_at, r.record_id

-- name: former_versions
-- What these records said before, newest first.
SELECT record_id, source_record, superseded_at FROM record_version
WHERE record_id = ANY(%(record_ids)s) ORDER BY record_id, version DESC LIMIT 200

-- name: escalation_of_task
-- Whether somebody asked for a second opinion.
SELECT escalated_at, escalated_by FROM task WHERE task_id = %(task_id)s

-- name: escalate_task
-- Passed on to a lead: the claim ends, so that the lead can take it.
UPDATE task SET escalated_at = now(), escalated_by = %(actor)s, claimed_by = NULL, claim_expires_at = NULL,
    state = CASE state WHEN 'claimed' THEN 'open' ELSE state END
WHERE task_id = %(task_id)s AND state <> 'resolved'
    AND (claimed_by IS NULL OR claimed_by = %(actor)s OR claim_expires_at <= now())
RETURNING task_id

-- name: notes_of_task
-- Oldest first, as a conversation is read.
SELECT at, actor, note FROM task_note WHERE task_id = %(task_id)s ORDER BY note_id

-- name: add_note
-- Only to a task there is.
INSERT INTO task_note (task_id, actor, note) SELECT task_id, %(actor)s, %(note)s FROM task WHERE task_id = %(task_id)s
RETURNING note_id

-- name: last_answered
-- What this reviewer answered or proposed last: what Z takes back. A merge or retirement that closed a task is no answer.
(SELECT task_id, resolution, resolved_at AS at FROM task WHERE resolved_by = %(actor)s AND resolution IS NOT NULL
 ORDER BY resolved_at DESC LIMIT 1)
UNION ALL
(SELECT a.task_id, 'proposed', a.proposed_at FROM approval a JOIN task t ON t.task_id = a.task_id
 WHERE a.outcome IS NULL AND a.proposed_by = %(actor)s AND t.state = 'awaiting_approval' ORDER BY a.proposed_at DESC LIMIT 1)
ORDER BY at DESC LIMIT 1

-- name: merges_of_identity
-- Every merge an identity took part in, newest first, undone ones too.
SELECT merge_id, surviving, subsumed, decided_by, actor, reason, cardinality(moved_record_ids), merged_at, undone_at, undone_by,
    undo_reason
FROM merge WHERE surviving = %(enterprise_id)s OR subsumed = %(enterprise_id)s ORDER BY merged_at DESC, merge_id DESC

-- name: open_tasks_of_identity
-- Questions that still wait about an identity.
SELECT task_id, kind FROM task WHERE (identity_a = %(enterprise_id)s OR identity_b = %(enterprise_id)s)
    AND state <> 'resolved' ORDER BY task_id

-- name: add_desk_link
-- For an active client, or for nobody in particular.
INSERT INTO desk_link (token_hash, client_id, expires_at)
SELECT %(token_hash)s, c.client_id, now() + make_interval(mins => %(minutes)s)
FROM (SELECT client_id FROM api_client WHERE name = %(name)s::text AND revoked_at IS NULL
      UNION ALL SELECT NULL WHERE %(name)s::text IS NULL) AS c
RETURNING token_hash

-- name: use_desk_link
-- Once: of two that come at the same time one finds it used.
UPDATE desk_link SET used_at = now() WHERE token_hash = %(token_hash)s AND used_at IS NULL AND expires_at > now()
RETURNING client_id

-- name: client_id_of_key
-- Whose key somebody typed into the desk.
SELECT client_id FROM api_client WHERE key_hash = %(key_hash)s AND revoked_at IS NULL

-- name: start_desk_session
-- Sessions that ended long ago go with it, so that the table stays small.
WITH gone AS (DELETE FROM desk_session WHERE started_at < now() - interval '30 days')
INSERT INTO desk_session (token_hash, client_id) VALUES (%(token_hash)s, %(client_id)s)

-- name: desk_session
-- Who sits there, if the session still holds; looking keeps it alive. A key that was replaced or revoked ends it.
UPDATE desk_session d SET seen_at = now()
FROM desk_session o LEFT JOIN api_client c ON c.client_id = o.client_id
WHERE o.token_hash = %(token_hash)s AND d.token_hash = o.token_hash AND o.ended_at IS NULL
    AND o.started_at > now() - make_interval(hours => %(hours)s) AND o.seen_at > now() - make_interval(mins => %(idle)s)
    AND (o.client_id IS NULL OR (c.revoked_at IS NULL AND c.created_at <= o.started_at))
RETURNING c.name, c.role

-- name: end_desk_session
-- Logged out.
UPDATE desk_session SET ended_at = now() WHERE token_hash = %(token_hash)s AND ended_at IS NULL
