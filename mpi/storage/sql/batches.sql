-- name: begin_batch
-- The same file for the same source is one batch, however often it is sent.
INSERT INTO batch (batch_id, kind, file_name, file_sha256, source, state)
VALUES (%(batch_id)s, %(kind)s, %(file_name)s, %(file_sha256)s, %(source)s, 'running')
ON CONFLICT (file_sha256, (coalesce(source, ''))) DO UPDATE SET file_name = EXCLUDED.file_name
RETURNING batch_id, lines_done, counts, state

-- name: restart_batch
-- A file of which nothing was taken begins anew.
WITH forgotten AS (DELETE FROM batch_line WHERE batch_id = %(batch_id)s)
UPDATE batch SET state = 'running', lines_done = 0, counts = '{}', finished_at = NULL WHERE batch_id = %(batch_id)s

-- name: checkpoint_batch
-- The outcome of each line of a chunk, and how far the file has come.
WITH lines AS (
    INSERT INTO batch_line (batch_id, line, outcome, enterprise_id, field, reason)
    SELECT %(batch_id)s, line, outcome, enterprise_id, field, reason
    FROM json_to_recordset(%(lines)s::json) AS x(line bigint, outcome text, enterprise_id text, field text, reason text)
    ON CONFLICT (batch_id, line) DO NOTHING
)
UPDATE batch SET lines_done = %(lines_done)s, counts = %(counts)s::json WHERE batch_id = %(batch_id)s
RETURNING state

-- name: finish_batch
-- Every line has its outcome.
UPDATE batch SET state = 'done', finished_at = now() WHERE batch_id = %(batch_id)s

-- name: cancel_batch
-- The load stops after the chunk it is at.
UPDATE batch SET state = 'failed', reason = %(reason)s, finished_at = now()
WHERE batch_id = %(batch_id)s AND state = 'running' RETURNING batch_id

-- name: resume_batch
-- A load that was cancelled goes on.
UPDATE batch SET state = 'running', reason = NULL, finished_at = NULL WHERE batch_id = %(batch_id)s

-- name: batch_by_id
-- One batch, and whether anybody works on it: the loader holds a lock.
SELECT kind, state, lines_done, counts, started_at, finished_at,
    started_at > now() - interval '1 minute' OR EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objsubid = 2
            AND l.classid::bigint = %(lock)s AND l.objid::bigint = %(lock_key)s)
FROM batch WHERE batch_id = %(batch_id)s

-- name: hold_batch
-- Held by the session that works on it; false when another does.
SELECT pg_try_advisory_lock(%(lock)s, %(lock_key)s)

-- name: release_batch
-- Nobody works on it any more.
SELECT pg_advisory_unlock(%(lock)s, %(lock_key)s)

-- name: rejected_lines
-- What was not taken, and why.
SELECT line, field, reason FROM batch_line WHERE batch_id = %(batch_id)s AND outcome = 'rejected' ORDER BY line LIMIT %(limit)s

-- name: rejected_lines_after
-- The same in pages.
SELECT line, field, reason FROM batch_line
WHERE batch_id = %(batch_id)s AND outcome = 'rejected' AND line > %(after)s ORDER BY line LIMIT %(limit)s

-- name: batches
-- Every file taken in.
SELECT batch_id, kind, file_name, source, state, lines_done, counts, started_at, finished_at FROM batch ORDER BY batch_id DESC
