-- name: keep_message
-- Before anything else is done with it. Not flushed by itself: the log is one, so the commit that flushes what the message
-- did, or its outcome, flushes this row before. The same message again is the same row, with the answer it was given.
WITH unflushed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS setting),
kept AS (
    INSERT INTO message (sender, control_id, digest, raw, size, peer, mends)
    SELECT %(sender)s, %(control_id)s, %(digest)s, %(raw)s, %(size)s, %(peer)s, %(mends)s
    ON CONFLICT (sender, control_id, digest) DO UPDATE
    SET times = message.times + 1, last_at = now(), peer = EXCLUDED.peer
    RETURNING message_id, times, outcome, reply
)
SELECT kept.message_id, kept.times, kept.outcome, kept.reply, EXISTS (
    SELECT FROM message o
    WHERE o.sender = %(sender)s AND o.control_id = %(control_id)s AND o.digest <> %(digest)s AND %(control_id)s <> ''
) AS control_id_reused
FROM kept, unflushed

-- name: settle_message
-- What became of it, flushed before the reply leaves. In two parameters: each costs the caller time.
UPDATE message SET outcome = x.outcome, dead = x.dead, reply = %(reply)s, acknowledgement = x.acknowledgement,
    message_type = x.message_type, trigger_event = x.trigger_event, source = x.source, error_code = x.error_code,
    error_text = x.error_text, enterprise_ids = x.enterprise_ids, warnings = x.warnings, answered_at = clock_timestamp()
FROM json_to_record(%(row)s::json) AS x(message_id bigint, outcome text, dead boolean, acknowledgement text,
    message_type text, trigger_event text, source text, error_code text, error_text text, enterprise_ids text[],
    warnings text[])
WHERE message.message_id = x.message_id
RETURNING mends

-- name: bury_dead_letter
-- What was mended is dealt with.
UPDATE message SET dead = false WHERE message_id = %(message_id)s

-- name: messages
-- Newest first, from a cursor downwards; no content.
SELECT message_id, received_at, direction, sender, control_id, size, peer, times, last_at, coalesce(outcome, 'unanswered'),
    dead, acknowledgement, message_type, trigger_event, source, error_code, error_text, warnings, answered_at, mends,
    enterprise_ids
FROM message
WHERE message_id < %(before)s AND (NOT %(dead)s OR dead)
    AND (%(direction)s::text IS NULL OR direction = %(direction)s)
    AND (%(outcome)s::text IS NULL OR coalesce(outcome, 'unanswered') = %(outcome)s)
    AND (%(sender)s::text IS NULL OR starts_with(sender, %(sender)s))
    AND (%(source)s::text IS NULL OR source = %(source)s)
    AND (%(control_id)s::text IS NULL OR control_id = %(control_id)s)
    AND (%(message_type)s::text IS NULL OR message_type || '^' || trigger_event LIKE %(message_type)s || '%%')
    AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
ORDER BY message_id DESC LIMIT %(limit)s

-- name: message
-- One of them, whole.
SELECT message_id, received_at, direction, sender, control_id, size, peer, times, last_at, coalesce(outcome, 'unanswered'),
    dead, acknowledgement, message_type, trigger_event, source, error_code, error_text, warnings, answered_at, mends,
    enterprise_ids, raw, reply
FROM message WHERE message_id = %(message_id)s

-- name: expire_messages
-- A bounded number of the oldest, so that nobody waits for it.
DELETE FROM message WHERE message_id IN (
    SELECT message_id FROM message WHERE received_at < now() - make_interval(days => %(days)s)
    ORDER BY received_at LIMIT %(limit)s)
