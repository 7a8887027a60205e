-- name: plan_for_these_values
-- A view decides which index is read: plan with the values at hand, for this transaction.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: queue_by_harm
-- The desk's list, most harmful to leave first: from the cursor's priority downwards along the index, however deep the page;
-- where asked for, only questions that are nobody else's.
SELECT t.task_id, t.kind, t.state, t.version, t.priority, t.created_at, t.weight, t.probability, t.guards, t.claimed_by,
    t.claim_expires_at > now() AS claim_live, t.claim_expires_at, t.escalated_at, t.assigned_to, t.identity_a, t.identity_b,
    (SELECT coalesce(json_agg(json_build_array(shown.name, shown.flat) ORDER BY shown.place), '[]')
     FROM (SELECT u.place, s.name, r.source_record AS flat FROM unnest(t.record_ids) WITH ORDINALITY AS u(record_id, place)
           JOIN record r ON r.record_id = u.record_id JOIN source s ON s.source_id = r.source_id
           UNION ALL SELECT 99, 'the update', h.source_record FROM held_update h
           WHERE h.task_id = t.task_id AND t.kind = 'potential_overlay') AS shown)
FROM task t
WHERE t.state <> 'resolved' AND t.priority <= %(priority)s AND (t.priority < %(priority)s OR t.task_id > %(task_id)s)
    AND task_in_view(t, %(view)s, %(actor)s, %(harm)s, %(sla)s)
    AND (NOT %(is_free)s OR ((t.claimed_by IS NULL OR t.claimed_by = %(actor)s OR t.claim_expires_at <= now())
        AND (t.assigned_to IS NULL OR t.assigned_to = %(actor)s)))
ORDER BY t.priority DESC, t.task_id LIMIT %(limit)s

-- name: queue_by_age
-- The same list, oldest first.
SELECT t.task_id, t.kind, t.state, t.version, t.priority, t.created_at, t.weight, t.probability, t.guards, t.claimed_by,
    t.claim_expires_at > now() AS claim_live, t.claim_expires_at, t.escalated_at, t.assigned_to, t.identity_a, t.identity_b,
    (SELECT coalesce(json_agg(json_build_array(shown.name, shown.flat) ORDER BY shown.place), '[]')
     FROM (SELECT u.place, s.name, r.source_record AS flat FROM unnest(t.record_ids) WITH ORDINALITY AS u(record_id, place)
           JOIN record r ON r.record_id = u.record_id JOIN source s ON s.source_id = r.source_id
           UNION ALL SELECT 99, 'the update', h.source_record FROM held_update h
           WHERE h.task_id = t.task_id AND t.kind = 'potential_overlay') AS shown)
FROM task t
WHERE t.state <> 'resolved' AND (t.created_at, t.task_id) > (%(created_at)s::timestamptz, %(task_id)s::bigint)
    AND task_in_view(t, %(view)s, %(actor)s, %(harm)s, %(sla)s)
    AND (NOT %(is_free)s OR ((t.claimed_by IS NULL OR t.claimed_by = %(actor)s OR t.claim_expires_at <= now())
        AND (t.assigned_to IS NULL OR t.assigned_to = %(actor)s)))
ORDER BY t.created_at, t.task_id LIMIT %(limit)s

-- name: queue_kinds
-- Questions that wait, by kind: how many, how many for longer than they should, and since when the oldest. All of them are
-- counted, none estimated, from an index alone.
SELECT s.kind, found.waiting, found.overdue, found.oldest_at
FROM (SELECT kind, now() - make_interval(hours => hours::integer) AS due FROM jsonb_each_text(%(sla)s) AS x(kind, hours)) AS s
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting, count(*) FILTER (WHERE t.created_at <= s.due) AS overdue, min(t.created_at) AS oldest_at
    FROM task t WHERE t.kind = s.kind AND t.state <> 'resolved'
) AS found WHERE found.waiting > 0 ORDER BY s.kind

-- name: queue_few
-- How many are of high harm, one's own, escalated, and wait for a second person.
SELECT (SELECT count(*) FROM task WHERE state <> 'resolved' AND priority >= %(harm)s),
    (SELECT count(*) FROM task t WHERE t.state <> 'resolved' AND task_in_view(t, 'mine', %(actor)s, %(harm)s, %(sla)s)),
    (SELECT count(*) FROM task WHERE state <> 'resolved' AND escalated_at IS NOT NULL),
    (SELECT count(*) FROM task WHERE state = 'awaiting_approval')

-- name: task_place
-- Where a task stands in either order, resolved or not.
SELECT priority, created_at, task_id FROM task WHERE task_id = %(task_id)s

-- name: take_over
-- From the one who was seen to hold it, and nobody else; who loses it is told in the same transaction.
WITH taken AS (
    UPDATE task SET claimed_by = %(actor)s, claim_expires_at = now() + make_interval(mins => %(minutes)s)
    WHERE task_id = %(task_id)s AND state = 'claimed' AND claimed_by = %(holder)s AND claimed_by <> %(actor)s
    RETURNING task_id
)
INSERT INTO desk_notice (recipient, actor, kind, task_id) SELECT %(holder)s, %(actor)s, 'taken_over', task_id FROM taken
RETURNING notice_id

-- name: notices
-- What somebody has not yet put away, newest first.
SELECT notice_id, at, actor, kind, task_id, task_count FROM desk_notice
WHERE recipient = %(actor)s AND seen_at IS NULL ORDER BY notice_id DESC LIMIT 20

-- name: put_away_notice
-- Only one's own.
UPDATE desk_notice SET seen_at = now() WHERE notice_id = %(notice_id)s AND recipient = %(actor)s AND seen_at IS NULL

-- name: reviewer_loads
-- Who settles questions, and how many open ones are assigned to each.
SELECT c.name, (SELECT count(*) FROM task t WHERE t.assigned_to = c.name AND t.state <> 'resolved')
FROM api_client c WHERE c.role IN ('reviewer', 'steward') AND c.revoked_at IS NULL ORDER BY c.name

-- name: tasks_to_deal
-- The open questions of a view that nobody holds, most harmful first; those assigned already only where asked for.
SELECT t.task_id FROM task t
WHERE t.state IN ('open', 'claimed') AND task_in_view(t, %(view)s, %(actor)s, %(harm)s, %(sla)s)
    AND (t.claimed_by IS NULL OR t.claim_expires_at <= now()) AND (%(again)s OR t.assigned_to IS NULL)
ORDER BY t.priority DESC, t.task_id LIMIT %(limit)s

-- name: assign_tasks
-- Those that are still open; each reviewer is told how many.
WITH given AS (
    UPDATE task SET assigned_to = x.name, assigned_by = %(actor)s
    FROM unnest(%(task_ids)s::bigint[], %(names)s::text[]) AS x(task_id, name)
    WHERE task.task_id = x.task_id AND task.state <> 'resolved' RETURNING task.assigned_to
), told AS (
    INSERT INTO desk_notice (recipient, actor, kind, task_count)
    SELECT assigned_to, %(actor)s, 'assigned', count(*) FROM given GROUP BY assigned_to
)
SELECT assigned_to, count(*) FROM given GROUP BY assigned_to ORDER BY assigned_to

-- name: stage_answer
-- The answer marked last for a question holds, in its old place; a failure of the one before is forgotten.
INSERT INTO staged_answer (actor, task_id, version, resolution, reason, note)
SELECT %(actor)s, task_id, %(version)s, %(resolution)s, %(reason)s, %(note)s FROM task WHERE task_id = %(task_id)s
ON CONFLICT (actor, task_id) DO UPDATE SET version = EXCLUDED.version, resolution = EXCLUDED.resolution,
    reason = EXCLUDED.reason, note = EXCLUDED.note, failure = NULL
RETURNING task_id

-- name: unstage_answer
-- Nothing is said when there was none.
DELETE FROM staged_answer WHERE actor = %(actor)s AND task_id = %(task_id)s

-- name: fail_staged
-- It stays, with why.
UPDATE staged_answer SET failure = %(failure)s WHERE actor = %(actor)s AND task_id = %(task_id)s

-- name: staged_answers
-- In the order in which they were marked, with the question as it stands.
SELECT a.task_id, a.version, a.resolution, a.reason, a.note, a.failure, t.kind, t.state, t.version, t.guards
FROM staged_answer a JOIN task t ON t.task_id = a.task_id
WHERE a.actor = %(actor)s ORDER BY a.staged_at, a.task_id LIMIT %(limit)s

-- name: staged_count
-- How many one reviewer has marked.
SELECT count(*) FROM staged_answer WHERE actor = %(actor)s

-- name: harm_inputs
-- What the expected harm of open questions is reckoned from, some at a time in order of task ID: the records of both sides,
-- and when a source last sent one of them. Of a side with very many records 200 are looked at.
SELECT t.task_id, t.kind, t.probability, t.guards, t.priority, found.record_count, found.quiet_days
FROM (SELECT * FROM task WHERE state <> 'resolved' AND task_id > %(after)s ORDER BY task_id LIMIT %(limit)s) AS t
CROSS JOIN LATERAL (
    SELECT count(*) AS record_count,
        coalesce(extract(epoch FROM now() - max(r.received_at)) / 86400, 0)::float8 AS quiet_days
    FROM (SELECT l.record_id FROM link l WHERE l.enterprise_id IN (t.identity_a, t.identity_b) LIMIT 200) AS side
    JOIN record r ON r.record_id = side.record_id WHERE NOT r.retired
) AS found ORDER BY t.task_id

-- name: set_harm
-- Only where it changed.
UPDATE task SET priority = x.priority FROM unnest(%(task_ids)s::bigint[], %(priorities)s::smallint[]) AS x(task_id, priority)
WHERE task.task_id = x.task_id AND task.priority <> x.priority

-- name: systems_of
-- Which sources hold active records of each identity.
SELECT l.enterprise_id, array_agg(DISTINCT s.name) FROM link l JOIN record r ON r.record_id = l.record_id
JOIN source s ON s.source_id = r.source_id
WHERE l.enterprise_id = ANY(%(enterprise_ids)s) AND NOT r.retired GROUP BY l.enterprise_id
