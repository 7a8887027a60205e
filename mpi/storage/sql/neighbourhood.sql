-- name: neighbourhood
-- What a decision about some identities has to know, in one round trip: the rule is mpi/identity/neighbourhood.py's.
WITH RECURSIVE asked_merge AS (
    SELECT surviving, subsumed, moved_record_ids || kept_record_ids AS record_ids FROM merge
    WHERE merge_id = ANY(%(merge_ids)s) OR task_id = ANY(%(task_ids)s)
), named AS (
    SELECT unnest(%(enterprise_ids)s::text[]) AS id
    UNION SELECT identity_a FROM task WHERE task_id = ANY(%(task_ids)s)
    UNION SELECT identity_b FROM task WHERE task_id = ANY(%(task_ids)s) AND identity_b IS NOT NULL
    UNION SELECT l.enterprise_id FROM task t JOIN link l ON l.record_id = ANY(t.record_ids)
        WHERE t.task_id = ANY(%(task_ids)s)
    UNION SELECT surviving FROM asked_merge
    UNION SELECT subsumed FROM asked_merge
), reached AS (
    SELECT id FROM named
    UNION SELECT i.surviving_id FROM named JOIN identity i ON i.enterprise_id = named.id WHERE i.surviving_id IS NOT NULL
), tree AS MATERIALIZED (
    SELECT i.enterprise_id, i.status, i.surviving_id, i.successors, i.issued_at
    FROM identity i WHERE i.enterprise_id IN (SELECT id FROM reached)
    UNION
    SELECT i.enterprise_id, i.status, i.surviving_id, i.successors, i.issued_at
    FROM identity i JOIN reached ON i.surviving_id = reached.id
), member AS MATERIALIZED (
    SELECT l.record_id FROM link l JOIN tree ON tree.enterprise_id = l.enterprise_id
    UNION SELECT unnest(record_ids) FROM asked_merge
), near_merge AS MATERIALIZED (
    SELECT merge_id, surviving, subsumed, decided_by, reason, moved_record_ids, kept_record_ids, task_id,
        undone_at IS NOT NULL AS undone
    FROM merge WHERE surviving IN (SELECT enterprise_id FROM tree) OR subsumed IN (SELECT enterprise_id FROM tree)
), told AS MATERIALIZED (
    -- By identity, which has an index; both events name the identities they are about.
    SELECT e.event_id, e.type, e.enterprise_id, e.other_enterprise_id, e.merge_id, e.task_id, e.assertion_id, e.data::jsonb AS data
    FROM event e JOIN tree ON e.enterprise_id = tree.enterprise_id
    WHERE e.type IN ('TaskResolved', 'AssertionWithdrawn')
    UNION
    SELECT e.event_id, e.type, e.enterprise_id, e.other_enterprise_id, e.merge_id, e.task_id, e.assertion_id, e.data::jsonb AS data
    FROM event e JOIN tree ON e.other_enterprise_id = tree.enterprise_id
    WHERE e.type IN ('TaskResolved', 'AssertionWithdrawn')
), closing AS (
    SELECT DISTINCT ON (task_id) task_id, merge_id, nullif((data ->> 'by_task_id')::bigint, task_id) AS by_task_id
    FROM told WHERE type = 'TaskResolved' ORDER BY task_id, event_id DESC
), closed AS (
    SELECT task_id, merge_id, by_task_id FROM closing
    WHERE merge_id IN (SELECT merge_id FROM near_merge WHERE NOT undone) OR by_task_id = ANY(%(task_ids)s) OR task_id = ANY(%(task_ids)s)
), asked_again AS MATERIALIZED (
    -- Where the records of closed tasks are by now: what such a task may be asked again about.
    SELECT DISTINCT l.enterprise_id FROM closed JOIN task t USING (task_id) JOIN link l ON l.record_id = ANY(t.record_ids)
    WHERE t.state = 'resolved'
), complete AS MATERIALIZED (
    SELECT enterprise_id FROM tree UNION SELECT enterprise_id FROM asked_again
), near AS MATERIALIZED (
    SELECT record_id FROM member
    UNION SELECT l.record_id FROM link l JOIN asked_again ON asked_again.enterprise_id = l.enterprise_id
), near_assertion AS MATERIALIZED (
    SELECT assertion_id FROM assertion WHERE task_id = ANY(%(task_ids)s) AND withdrawn_at IS NULL
    UNION SELECT assertion_id FROM assertion_pair p JOIN near ON p.record_a = near.record_id WHERE NOT p.withdrawn
    UNION SELECT assertion_id FROM assertion_pair p JOIN near ON p.record_b = near.record_id WHERE NOT p.withdrawn
), pair AS MATERIALIZED (
    SELECT p.assertion_id, p.record_a, p.record_b FROM assertion_pair p
    WHERE p.assertion_id IN (SELECT assertion_id FROM near_assertion) AND NOT p.withdrawn
), near_task AS MATERIALIZED (
    SELECT t.task_id, t.kind, t.state, t.identity_a, t.identity_b, t.record_ids, t.weight, t.probability, t.guards,
        t.priority, t.resolution, closed.merge_id AS closed_by, closed.by_task_id AS closed_by_task
    FROM task t LEFT JOIN closed ON closed.task_id = t.task_id AND t.state = 'resolved'
    WHERE t.task_id IN (
        SELECT task_id FROM task JOIN complete ON task.identity_a = complete.enterprise_id WHERE task.state <> 'resolved'
        UNION SELECT task_id FROM task JOIN complete ON task.identity_b = complete.enterprise_id WHERE task.state <> 'resolved'
        UNION SELECT c.task_id FROM closed c JOIN task USING (task_id) WHERE task.state = 'resolved'
        UNION SELECT unnest(%(task_ids)s::bigint[]))
), mentioned AS (
    SELECT record_id FROM near
    UNION SELECT record_a FROM pair UNION SELECT record_b FROM pair
    UNION SELECT unnest(record_ids) FROM near_task
    UNION SELECT unnest(moved_record_ids || kept_record_ids) FROM near_merge
)
SELECT 'identity' AS part, json_build_object('enterprise_id', i.enterprise_id, 'status', i.status,
    'surviving_id', i.surviving_id, 'successors', i.successors, 'issued_at', i.issued_at,
    'complete', i.enterprise_id IN (SELECT enterprise_id FROM complete)) AS value
FROM identity i WHERE i.enterprise_id IN (
    SELECT enterprise_id FROM complete
    UNION SELECT l.enterprise_id FROM mentioned JOIN link l ON l.record_id = mentioned.record_id)
UNION ALL SELECT 'withdrawal', json_build_object('event_id', event_id, 'type', type, 'enterprise_id', enterprise_id,
    'other_enterprise_id', other_enterprise_id, 'record_id', null, 'merge_id', merge_id, 'task_id', task_id,
    'assertion_id', assertion_id, 'data', data)
    FROM told WHERE type = 'AssertionWithdrawn' AND task_id = ANY(%(task_ids)s)
UNION ALL SELECT 'link', json_build_object('record_id', l.record_id, 'enterprise_id', l.enterprise_id, 'decided_by', l.decided_by,
    'retired', r.retired)
    FROM mentioned JOIN link l ON l.record_id = mentioned.record_id JOIN record r ON r.record_id = l.record_id
UNION ALL SELECT 'merge', to_json(near_merge) FROM near_merge
UNION ALL SELECT 'assertion', json_build_object('assertion_id', a.assertion_id, 'verdict', a.verdict, 'merge_id', a.merge_id,
    'task_id', a.task_id, 'pairs', (SELECT json_agg(json_build_array(pair.record_a, pair.record_b)
        ORDER BY pair.record_a, pair.record_b) FROM pair WHERE pair.assertion_id = a.assertion_id))
    FROM assertion a WHERE a.assertion_id IN (SELECT assertion_id FROM near_assertion)
UNION ALL SELECT 'task', to_json(near_task) FROM near_task
UNION ALL SELECT 'move', json_build_object('event_id', e.event_id, 'type', e.type, 'enterprise_id', e.enterprise_id,
    'other_enterprise_id', e.other_enterprise_id, 'record_id', e.record_id, 'merge_id', e.merge_id, 'task_id', e.task_id,
    'assertion_id', e.assertion_id, 'data', e.data)
    FROM event e JOIN member ON e.record_id = member.record_id
    WHERE e.type IN ('EnterpriseIdAssigned', 'RecordLinked', 'RecordUnlinked', 'RecordRetired')

-- name: assertion_row
-- One statement and the records it is about.
SELECT a.assertion_id, a.verdict, a.reason, a.actor, a.asserted_at, a.withdrawn_at, a.merge_id,
    array_agg(p.record_a ORDER BY p.record_a, p.record_b), array_agg(p.record_b ORDER BY p.record_a, p.record_b)
FROM assertion a JOIN assertion_pair p ON p.assertion_id = a.assertion_id
WHERE a.assertion_id = %(assertion_id)s GROUP BY a.assertion_id

-- name: assertion_rows
-- What people stated, newest first.
SELECT a.assertion_id, a.verdict, a.reason, a.actor, a.asserted_at, a.withdrawn_at, a.merge_id,
    array_agg(p.record_a ORDER BY p.record_a, p.record_b), array_agg(p.record_b ORDER BY p.record_a, p.record_b)
FROM assertion a JOIN assertion_pair p ON p.assertion_id = a.assertion_id
WHERE a.assertion_id < %(before)s GROUP BY a.assertion_id ORDER BY a.assertion_id DESC LIMIT %(limit)s

-- name: identities_of_records
-- Where these records belong at present.
SELECT record_id, enterprise_id FROM link WHERE record_id = ANY(%(record_ids)s) ORDER BY record_id
