-- name: try_lead
-- Held by the session, so that it ends with the process that has it.
SELECT pg_try_advisory_lock(%(lock)s, %(duty)s)

-- name: declare_subscriber
-- It is told what happens from here on; declared again it goes on where it was.
INSERT INTO hl7_subscriber (name, settings, seq)
VALUES (%(name)s, %(settings)s::json, (SELECT coalesce(max(seq), 0) FROM event))
ON CONFLICT (name) DO UPDATE SET settings = EXCLUDED.settings, retry_at = NULL

-- name: subscribers
-- With how far behind each is.
SELECT name, settings, seq, attempts, retry_at, error, delivered_at,
    greatest((SELECT coalesce(max(seq), 0) FROM event) - seq, 0) AS behind
FROM hl7_subscriber ORDER BY name

-- name: anything_to_tell
-- Asked every second: answered from two indexes.
SELECT EXISTS (SELECT FROM event WHERE seq > %(after)s) OR EXISTS (SELECT FROM event WHERE seq IS NULL)

-- name: subscriber_passed
-- What came before was told.
UPDATE hl7_subscriber SET seq = %(seq)s, attempts = 0, retry_at = NULL, error = NULL WHERE name = %(name)s

-- name: subscriber_failed
-- What comes next is tried again later.
UPDATE hl7_subscriber SET attempts = %(attempts)s, error = %(error)s,
    retry_at = now() + make_interval(secs => %(pause_seconds)s)
WHERE name = %(name)s

-- name: told_before
-- What it was last told an identity is called.
SELECT digest FROM hl7_told WHERE name = %(name)s AND enterprise_id = %(enterprise_id)s

-- name: note_told
-- In the transaction that keeps the message.
INSERT INTO hl7_told (name, enterprise_id, digest) VALUES (%(name)s, %(enterprise_id)s, %(digest)s)
ON CONFLICT (name, enterprise_id) DO UPDATE SET digest = EXCLUDED.digest

-- name: subscriber_told
-- It took a message, or we gave up on it: the next one has its attempts before it.
UPDATE hl7_subscriber SET attempts = 0, error = NULL, retry_at = NULL, seq = coalesce(%(seq)s::bigint, seq),
    delivered_at = CASE WHEN %(accepted)s THEN now() ELSE delivered_at END
WHERE name = %(name)s

-- name: keep_sent_message
-- A message to a subscriber with what it answered; sent again it is the same row.
INSERT INTO message (direction, sender, control_id, digest, raw, size, peer, outcome, dead, reply, acknowledgement,
    message_type, trigger_event, error_text, enterprise_ids, answered_at, times)
VALUES ('out', %(name)s, %(control_id)s, %(digest)s, %(raw)s, %(size)s, %(peer)s, %(outcome)s, %(dead)s, %(reply)s,
    %(acknowledgement)s, 'ADT', %(trigger_event)s, %(error_text)s, %(enterprise_ids)s::text[], now(), %(times)s)
ON CONFLICT (sender, control_id, digest) DO UPDATE SET outcome = EXCLUDED.outcome, dead = EXCLUDED.dead,
    reply = EXCLUDED.reply, acknowledgement = EXCLUDED.acknowledgement, error_text = EXCLUDED.error_text,
    answered_at = now(), last_at = now(), times = message.times + EXCLUDED.times
