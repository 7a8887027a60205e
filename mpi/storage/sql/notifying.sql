-- name: add_subscription
-- It hears of what happens from here on.
INSERT INTO subscription (subscription_id, owner, criteria, channel, reason, status, after_seq, ends_at)
VALUES (%(subscription_id)s, %(owner)s, %(criteria)s, %(channel)s, %(reason)s, %(status)s,
    (SELECT coalesce(max(seq), 0) FROM event), %(ends_at)s)

-- name: subscription
-- One, with how many notices nobody took.
SELECT s.subscription_id, s.owner, s.criteria, s.channel, s.reason, s.status, s.error, s.version, s.after_seq, s.ends_at,
    s.created_at, s.changed_at,
    (SELECT count(*) FROM notice n WHERE n.subscription_id = s.subscription_id AND n.state = 'waiting'),
    (SELECT count(*) FROM notice n WHERE n.subscription_id = s.subscription_id AND n.state = 'dead')
FROM subscription s WHERE s.subscription_id = %(subscription_id)s

-- name: subscriptions_of
-- Everybody's where no owner is named.
SELECT s.subscription_id, s.owner, s.criteria, s.channel, s.reason, s.status, s.error, s.version, s.after_seq, s.ends_at,
    s.created_at, s.changed_at,
    (SELECT count(*) FROM notice n WHERE n.subscription_id = s.subscription_id AND n.state = 'waiting'),
    (SELECT count(*) FROM notice n WHERE n.subscription_id = s.subscription_id AND n.state = 'dead')
FROM subscription s WHERE %(owner)s::text IS NULL OR s.owner = %(owner)s ORDER BY s.subscription_id LIMIT %(limit)s

-- name: change_subscription
-- Switched on again it hears of what was missed: after_seq stays.
UPDATE subscription SET criteria = %(criteria)s, channel = %(channel)s, reason = %(reason)s, status = %(status)s,
    error = NULL, ends_at = %(ends_at)s, version = version + 1, changed_at = now()
WHERE subscription_id = %(subscription_id)s

-- name: revive_notices
-- What nobody took is tried anew.
UPDATE notice SET state = 'waiting', attempts = 0, due_at = now(), error = NULL, settled_at = NULL
WHERE subscription_id = %(subscription_id)s AND state = 'dead'

-- name: remove_subscription
-- With everything that was still to be told.
DELETE FROM subscription WHERE subscription_id = %(subscription_id)s

-- name: remove_notices
-- Of a subscription that is gone.
DELETE FROM notice WHERE subscription_id = %(subscription_id)s

-- name: subscriber_notices
-- One state of them, oldest first.
SELECT n.notice_id, n.subscription_id, n.seq, n.enterprise_ids, n.record_id, n.type, n.attempts, s.channel, n.error
FROM notice n JOIN subscription s ON s.subscription_id = n.subscription_id
WHERE n.subscription_id = %(subscription_id)s AND n.state = %(state)s ORDER BY n.notice_id LIMIT %(limit)s

-- name: any_subscription
-- Without one there is nothing to look for.
SELECT 1 FROM subscription WHERE status <> 'off' LIMIT 1

-- name: try_lock_notifying
-- One process at a time looks through the feed and hands out what is due.
SELECT pg_try_advisory_xact_lock(%(lock)s, 0)

-- name: lagging_subscriptions
-- Those that have not heard of the last events; the end of their time switches them off.
SELECT s.subscription_id, s.criteria, s.after_seq FROM subscription s
WHERE s.status <> 'off' AND s.after_seq < (SELECT coalesce(max(seq), 0) FROM event)
ORDER BY s.after_seq LIMIT %(limit)s

-- name: end_subscriptions
-- Their time is over.
UPDATE subscription SET status = 'off', changed_at = now(), version = version + 1
WHERE status <> 'off' AND ends_at < now()

-- name: advance_subscription
-- Looked at up to here.
UPDATE subscription SET after_seq = %(after_seq)s WHERE subscription_id = %(subscription_id)s

-- name: add_notices
-- To be told, in the order of the feed.
INSERT INTO notice (notice_id, subscription_id, seq, enterprise_ids, record_id, type)
SELECT notice_id, subscription_id, seq, string_to_array(enterprise_ids, ' '), record_id, type
FROM json_to_recordset(%(notices)s) AS x(notice_id bigint, subscription_id bigint, seq bigint, enterprise_ids text,
    record_id bigint, type text)
ON CONFLICT DO NOTHING

-- name: due_notices
-- The first of each subscriber that is due; the lease keeps others from sending it too.
UPDATE notice SET due_at = now() + make_interval(secs => %(lease_seconds)s), attempts = attempts + 1
FROM subscription s
WHERE s.subscription_id = notice.subscription_id AND notice.notice_id IN (
    SELECT first.notice_id FROM subscription o CROSS JOIN LATERAL (
        SELECT n.notice_id, n.due_at FROM notice n
        WHERE n.subscription_id = o.subscription_id AND n.state = 'waiting' ORDER BY n.notice_id LIMIT 1) AS first
    WHERE o.status <> 'off' AND first.due_at <= now() ORDER BY first.notice_id LIMIT %(limit)s)
RETURNING notice.notice_id, notice.subscription_id, notice.seq, notice.enterprise_ids, notice.record_id, notice.type,
    notice.attempts, s.channel

-- name: notice_delivered
-- The subscriber has it.
WITH done AS (
    UPDATE notice SET state = 'delivered', error = NULL, settled_at = now() WHERE notice_id = %(notice_id)s
    RETURNING subscription_id)
UPDATE subscription SET status = 'active', error = NULL, changed_at = now()
FROM done WHERE subscription.subscription_id = done.subscription_id AND subscription.status IN ('requested', 'error')

-- name: notice_failed
-- Tried again later, or never where the attempts are used up.
WITH failed AS (
    UPDATE notice SET state = %(state)s, error = %(error)s,
        due_at = now() + make_interval(secs => %(retry_seconds)s),
        settled_at = CASE WHEN %(state)s = 'dead' THEN now() END
    WHERE notice_id = %(notice_id)s RETURNING subscription_id)
UPDATE subscription SET status = 'error', error = %(error)s, changed_at = now()
FROM failed WHERE subscription.subscription_id = failed.subscription_id AND subscription.status <> 'off'

-- name: forget_notices
-- Delivered long ago.
DELETE FROM notice WHERE state = 'delivered' AND settled_at < now() - make_interval(secs => %(kept_seconds)s)

-- name: facts_of_identities
-- What subscriptions ask about: the records of these identities, and these records, with the domains their source owns.
SELECT l.enterprise_id, r.record_id, s.name, r.local_id,
    ARRAY(SELECT coalesce(a.name, a.oid, a.uri) FROM authority a WHERE a.owner = s.name), r.source_record,
    r.original -> 'managingOrganization' ->> 'reference'
FROM link l JOIN record r ON r.record_id = l.record_id JOIN source s ON s.source_id = r.source_id
WHERE l.enterprise_id = ANY(%(enterprise_ids)s) OR r.record_id = ANY(%(record_ids)s)
