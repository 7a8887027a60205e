-- name: sharers_of_keys
-- How many records have each of these blocking keys, and of how many people, bounded per key.
SELECT k.key, count(*), count(DISTINCT l.enterprise_id)
FROM unnest(%(values)s::bigint[]) AS k(key)
CROSS JOIN LATERAL (SELECT b.record_id FROM blocking_key b WHERE b.key = k.key LIMIT %(limit)s) AS b
JOIN link l ON l.record_id = b.record_id GROUP BY k.key

-- name: sharers_of_terms
-- The same by search term, for values that were dropped as placeholders and have no blocking key.
SELECT t.term, count(*), count(DISTINCT l.enterprise_id)
FROM unnest(%(values)s::text[]) AS t(term)
CROSS JOIN LATERAL records_by_terms(t.term::tsquery, NULL, %(limit)s, false) AS found(record_id)
JOIN link l ON l.record_id = found.record_id GROUP BY t.term

-- name: live_merges_into
-- The merges in force that brought records into an identity, and which records.
SELECT merge_id, moved_record_ids FROM merge WHERE surviving = %(enterprise_id)s AND undone_at IS NULL
ORDER BY merged_at DESC LIMIT 200

-- name: timeline
-- The latest events of an identity and of all that were merged into it, oldest first, each with the reason a person gave
-- and the rule set it went by. Reasons stay out of the feed; here they are read by those who may see the person.
WITH RECURSIVE tree(enterprise_id) AS (
    SELECT %(enterprise_id)s::text COLLATE "C"
    UNION SELECT m.subsumed FROM merge m JOIN tree ON m.surviving = tree.enterprise_id WHERE m.undone_at IS NULL
), found AS (
    SELECT event_id FROM event WHERE enterprise_id IN (SELECT enterprise_id FROM tree)
    UNION SELECT event_id FROM event WHERE other_enterprise_id IN (SELECT enterprise_id FROM tree)
    ORDER BY event_id DESC LIMIT %(limit)s
)
SELECT e.event_id, e.at, e.type, e.actor, e.enterprise_id, e.other_enterprise_id, e.record_id, e.merge_id, e.task_id,
    e.assertion_id, e.data,
    CASE e.type WHEN 'IdentitiesMerged' THEN m.reason WHEN 'IdentitiesUnmerged' THEN m.undo_reason
        WHEN 'PeopleAsserted' THEN a.reason WHEN 'AssertionWithdrawn' THEN a.withdrawal_reason
        WHEN 'TaskResolved' THEN t.resolution_reason END,
    e.type = 'IdentitiesMerged' AND m.undone_at IS NULL,
    (SELECT s.name || ' ' || s.hash FROM rule_set s WHERE s.hash = coalesce(e.data ->> 'rules',
        CASE WHEN e.type = 'RecordLinked' AND l.linked_at = e.at THEN l.rule_hash
             WHEN e.type = 'TaskQueued' THEN t.rule_hash END))
FROM found JOIN event e ON e.event_id = found.event_id
LEFT JOIN merge m ON m.merge_id = e.merge_id
LEFT JOIN assertion a ON a.assertion_id = e.assertion_id
LEFT JOIN task t ON t.task_id = e.task_id
LEFT JOIN link l ON l.record_id = e.record_id
ORDER BY e.event_id
