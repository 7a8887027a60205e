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

-- name: finish_batch
-- Every line has its outcome.
UPDATE batch SET state = 'done', finished_at = now() WHERE batch_id = %(batch_id)s

-- name: rejected_lines
-- What was not taken, and why.
SELECT line, field, reason FROM batch_line WHERE batch_id = %(batch_id)s AND outcome = 'rejected' ORDER BY line LIMIT %(limit)s

-- name: batches
-- Every file taken in.
SELECT batch_id, kind, file_name, source, state, lines_done, counts, started_at, finished_at FROM batch ORDER BY batch_id DESC
