-- name: task_row
-- One question.
SELECT task_id, kind, state, version, priority, created_at, identity_a, identity_b, record_ids, weight, probability, guards,
    claimed_by, claim_expires_at, resolution, resolution_reason, resolved_by, resolved_at
FROM task WHERE task_id = %(task_id)s

-- name: task_rows
-- The queue from a cursor on, most harmful first; an expired claim counts as none.
SELECT task_id, kind, state, version, priority, created_at, identity_a, identity_b, record_ids, weight, probability, guards,
    claimed_by, claim_expires_at, resolution, resolution_reason, resolved_by, resolved_at
FROM task
WHERE (priority, -task_id) < (%(priority)s::smallint, -(%(task_id)s::bigint))
    AND (%(kind)s::text IS NULL OR kind = %(kind)s)
    AND CASE %(state)s
        WHEN 'open' THEN state = 'open' OR (state = 'claimed' AND claim_expires_at <= now())
        WHEN 'claimed' THEN state = 'claimed' AND claim_expires_at > now()
        WHEN 'awaiting_approval' THEN state = 'awaiting_approval'
        WHEN 'resolved' THEN state = 'resolved'
        ELSE state <> 'resolved' OR %(state)s = 'all' END
ORDER BY priority DESC, task_id LIMIT %(limit)s

-- name: claim_task
-- Whoever comes first; a claim that expired is nobody's.
UPDATE task SET state = 'claimed', claimed_by = %(actor)s, claim_expires_at = now() + make_interval(mins => %(minutes)s)
WHERE task_id = %(task_id)s AND (state = 'open'
    OR (state = 'claimed' AND (claimed_by = %(actor)s OR claim_expires_at <= now())))
RETURNING task_id

-- name: release_task
-- Only by whoever holds it.
UPDATE task SET state = 'open', claimed_by = NULL, claim_expires_at = NULL
WHERE task_id = %(task_id)s AND state = 'claimed' AND (claimed_by = %(actor)s OR claim_expires_at <= now())
RETURNING task_id

-- name: lock_task
-- Two reviewers on one task: the second waits, and then sees that it is answered.
SELECT version, state, claimed_by, claim_expires_at > now() FROM task WHERE task_id = %(task_id)s FOR UPDATE
