-- name: I1
-- Every active record has exactly one link
SELECT 'record ' || r.record_id FROM record r LEFT JOIN link l ON l.record_id = r.record_id
WHERE NOT r.retired AND l.record_id IS NULL

-- name: I2
-- Every link of an active record points to an active identity
SELECT 'record ' || l.record_id FROM link l JOIN record r ON r.record_id = l.record_id
LEFT JOIN identity i ON i.enterprise_id = l.enterprise_id
WHERE i.status IS NULL OR (NOT r.retired AND i.status <> 'active') OR i.status IN ('merged', 'split', 'erased')

-- name: I3
-- Every active identity has a record that is not retired
SELECT i.enterprise_id FROM identity i WHERE i.status = 'active' AND NOT EXISTS (
    SELECT FROM link l JOIN record r ON r.record_id = l.record_id
    WHERE l.enterprise_id = i.enterprise_id AND NOT r.retired)

-- name: I4
-- A merged identity redirects in one step to one that is not merged, and a live merge says so
SELECT i.enterprise_id FROM identity i LEFT JOIN identity s ON s.enterprise_id = i.surviving_id
WHERE i.status = 'merged' AND (s.status IS NULL OR s.status = 'merged' OR NOT EXISTS (
    SELECT FROM merge m WHERE m.subsumed = i.enterprise_id AND m.undone_at IS NULL))

-- name: I5
-- Every enterprise ID that was ever issued still answers
SELECT DISTINCT e.enterprise_id FROM event e LEFT JOIN identity i ON i.enterprise_id = e.enterprise_id
WHERE i.enterprise_id IS NULL

-- name: I6
-- A source that promises one record per person has no two in one identity, unless a task asks
SELECT l.enterprise_id FROM link l JOIN record r ON r.record_id = l.record_id JOIN source s ON s.source_id = r.source_id
WHERE NOT r.retired AND s.settings ->> 'one_record_per_person' = 'true' AND NOT EXISTS (
    SELECT FROM task t WHERE t.state <> 'resolved' AND (t.identity_a = l.enterprise_id OR t.identity_b = l.enterprise_id))
GROUP BY l.enterprise_id, s.source_id HAVING count(*) > 1

-- name: I7
-- A valid social security number belongs to one identity, unless a person was asked
WITH carried AS (
    SELECT DISTINCT regexp_replace(r.source_record ->> 'ssn', '\D', '', 'g') AS ssn, l.enterprise_id
    FROM record r JOIN link l ON l.record_id = r.record_id WHERE NOT r.retired AND r.source_record ->> 'ssn' IS NOT NULL
        AND r.normalized::text LIKE '%"SS"%'
), shared AS (
    SELECT ssn, count(*) AS people FROM carried WHERE length(ssn) = 9 GROUP BY ssn HAVING count(*) > 1
)
SELECT a.enterprise_id || ' ' || b.enterprise_id FROM shared
JOIN carried a ON a.ssn = shared.ssn JOIN carried b ON b.ssn = shared.ssn AND b.enterprise_id > a.enterprise_id
WHERE shared.people <= 20 AND NOT EXISTS (
    SELECT FROM task t WHERE t.identity_a IN (a.enterprise_id, b.enterprise_id)
        OR t.identity_b IN (a.enterprise_id, b.enterprise_id))
    AND NOT EXISTS (
    SELECT FROM link x JOIN assertion_pair p ON p.record_a = x.record_id JOIN link y ON y.record_id = p.record_b
    WHERE p.verdict = 'different' AND NOT p.withdrawn AND x.enterprise_id IN (a.enterprise_id, b.enterprise_id)
        AND y.enterprise_id IN (a.enterprise_id, b.enterprise_id))

-- name: I8
-- No identity holds two records that a person said are different people
SELECT 'assertion ' || p.assertion_id FROM assertion_pair p
JOIN link a ON a.record_id = p.record_a JOIN link b ON b.record_id = p.record_b
WHERE p.verdict = 'different' AND NOT p.withdrawn AND a.enterprise_id = b.enterprise_id

-- name: I9
-- Folding the ledger gives the link table
WITH last AS (
    SELECT DISTINCT ON (record_id) record_id, enterprise_id FROM event
    WHERE record_id IS NOT NULL AND type IN ('EnterpriseIdAssigned', 'RecordLinked', 'RecordUnlinked', 'RecordRetired')
    ORDER BY record_id, event_id DESC
)
SELECT 'record ' || coalesce(last.record_id, l.record_id) FROM last FULL JOIN link l ON l.record_id = last.record_id
WHERE last.enterprise_id IS DISTINCT FROM l.enterprise_id

-- name: I10
-- Two records that a person said are one are in one identity
SELECT 'assertion ' || p.assertion_id FROM assertion_pair p
JOIN link a ON a.record_id = p.record_a JOIN link b ON b.record_id = p.record_b
WHERE p.verdict = 'same' AND NOT p.withdrawn AND a.enterprise_id <> b.enterprise_id

-- name: I13
-- A stored answer belongs to one body: its hash is whole
SELECT scope || ' ' || key FROM idempotency WHERE octet_length(body_hash) <> 32

-- name: I16
-- No identity grew past the size at which the machine stops linking, unless people did it
SELECT enterprise_id FROM link WHERE decided_by = 'machine' GROUP BY enterprise_id HAVING count(*) > 40

-- name: I19
-- Every link of the machine names the rule set that decided it, and its words are kept
SELECT 'record ' || l.record_id FROM link l LEFT JOIN rule_set s ON s.hash = l.rule_hash
WHERE l.decided_by = 'machine' AND s.hash IS NULL

-- name: I23
-- A retired record is no candidate
SELECT DISTINCT 'record ' || r.record_id FROM record r JOIN blocking_key k ON k.record_id = r.record_id WHERE r.retired

-- name: I24
-- An open task asks about identities that are there, two different ones or one record
SELECT 'task ' || t.task_id FROM task t
LEFT JOIN identity a ON a.enterprise_id = t.identity_a LEFT JOIN identity b ON b.enterprise_id = t.identity_b
WHERE t.state <> 'resolved' AND (a.status IS DISTINCT FROM 'active' OR (t.identity_b IS NOT NULL AND b.status <> 'active'))

-- name: I25
-- The change feed keeps the ledger's order within each identity
SELECT 'event ' || event_id FROM (
    SELECT event_id, seq, lag(seq) OVER (PARTITION BY enterprise_id ORDER BY event_id) AS before FROM event
) AS e WHERE seq < before

-- name: I26
-- Every line of a finished batch has exactly one outcome
SELECT 'batch ' || b.batch_id FROM batch b
LEFT JOIN (SELECT batch_id, count(*) AS lines FROM batch_line GROUP BY batch_id) n ON n.batch_id = b.batch_id
WHERE b.state = 'done' AND coalesce(n.lines, 0) <> b.lines_done

-- name: I17
-- An update that is held back has an open task
SELECT 'record ' || h.record_id FROM held_update h LEFT JOIN task t ON t.task_id = h.task_id
WHERE h.outcome IS NULL AND (t.state IS NULL OR t.state = 'resolved')
