-- name: propose_merge
-- One proposal waits about a task at a time; one that was left over when the task was closed otherwise gives way.
WITH left_over AS (
    UPDATE approval SET outcome = 'overtaken', decided_at = now() WHERE task_id = %(task_id)s AND outcome IS NULL
), moved AS (
    UPDATE task SET state = 'awaiting_approval', version = version + 1, claimed_by = NULL, claim_expires_at = NULL
    WHERE task_id = %(task_id)s
)
INSERT INTO approval (task_id, reason, proposed_by) VALUES (%(task_id)s, %(reason)s, %(actor)s)

-- name: waiting_proposal
-- What somebody proposed and nobody has decided.
SELECT reason, proposed_by, proposed_at FROM approval WHERE task_id = %(task_id)s AND outcome IS NULL

-- name: decide_proposal
-- The constraint refuses whoever would approve what they proposed themselves.
UPDATE approval SET outcome = %(outcome)s, decided_by = %(actor)s, decided_at = now()
WHERE task_id = %(task_id)s AND outcome IS NULL

-- name: reopen_proposed_task
-- Its proposal was taken back: it is asked again.
UPDATE task SET state = 'open', version = version + 1 WHERE task_id = %(task_id)s AND state = 'awaiting_approval'

-- name: sample_second_reading
-- Chance decides which answers are read twice, so that nobody knows which; one that was read before is not read again.
INSERT INTO second_reading (task_id, first_by, first_resolution)
SELECT %(task_id)s, %(actor)s, %(resolution)s WHERE random() < %(share)s
ON CONFLICT (task_id) DO NOTHING

-- name: drop_unread
-- An answer that was taken back before anybody read it twice.
DELETE FROM second_reading WHERE task_id = %(task_id)s AND second_at IS NULL

-- name: readings_for
-- What this person may read a second time, oldest first: nobody reads their own answers.
SELECT task_id, count(*) OVER () FROM second_reading WHERE second_at IS NULL AND first_by <> %(actor)s
ORDER BY first_at, task_id LIMIT 1

-- name: lock_reading
-- Two second readers: the one who comes later sees that it was read.
SELECT task_id, first_by, first_resolution, first_at, second_by, second_resolution, second_reason, second_at, outcome
FROM second_reading WHERE task_id = %(task_id)s FOR UPDATE

-- name: keep_second_reading
-- The second answer, beside the first.
UPDATE second_reading SET second_by = %(actor)s, second_resolution = %(resolution)s, second_reason = %(reason)s,
    second_at = now()
WHERE task_id = %(task_id)s

-- name: disputed_readings
-- Two answers that differ and that nobody has settled.
SELECT task_id, first_by, first_resolution, first_at, second_by, second_resolution, second_reason, second_at, outcome
FROM second_reading WHERE second_resolution <> first_resolution AND outcome IS NULL ORDER BY second_at, task_id LIMIT 100

-- name: settle_reading
-- What a lead made of it.
UPDATE second_reading SET outcome = %(outcome)s, settled_by = %(actor)s, settled_at = now() WHERE task_id = %(task_id)s

-- name: reading_answers
-- How often which answer met which, of everything that was read twice.
SELECT first_resolution, second_resolution, count(*) FROM second_reading WHERE second_at IS NOT NULL
GROUP BY first_resolution, second_resolution

-- name: reading_backlog
-- What waits to be read twice, and what waits to be settled.
SELECT count(*) FILTER (WHERE second_at IS NULL),
    count(*) FILTER (WHERE second_resolution <> first_resolution AND outcome IS NULL)
FROM second_reading WHERE second_at IS NULL OR outcome IS NULL
