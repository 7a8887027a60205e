-- name: apply_change
-- A Change, whole: who is who, the questions for people, the ledger. One statement, so that it costs one round trip.
WITH doc AS (SELECT %(doc)s::json AS d), identities_issued AS (
    INSERT INTO identity (enterprise_id, status, surviving_id, successors)
    SELECT enterprise_id, status, surviving_id, coalesce(successors, '{}')
    FROM doc, json_to_recordset(d -> 'issued') AS x(enterprise_id text, status text, surviving_id text, successors text[])
), identities_changed AS (
    UPDATE identity SET status = x.status, surviving_id = x.surviving_id, successors = coalesce(x.successors, '{}'),
        changed_at = now()
    FROM doc, json_to_recordset(d -> 'identities') AS x(enterprise_id text, status text, surviving_id text, successors text[])
    WHERE identity.enterprise_id = x.enterprise_id
), links_made AS (
    INSERT INTO link (record_id, enterprise_id, decided_by, weight, probability, with_record_id, rule_hash)
    SELECT record_id, to_id, decided_by, weight, probability, with_record_id, %(rule_hash)s
    FROM doc, json_to_recordset(d -> 'links') AS x(record_id bigint, to_id text, decided_by text, weight real,
        probability real, with_record_id bigint)
    ON CONFLICT (record_id) DO UPDATE SET enterprise_id = EXCLUDED.enterprise_id, decided_by = EXCLUDED.decided_by,
        weight = coalesce(EXCLUDED.weight, link.weight), probability = coalesce(EXCLUDED.probability, link.probability),
        with_record_id = coalesce(EXCLUDED.with_record_id, link.with_record_id), rule_hash = EXCLUDED.rule_hash,
        linked_at = now()
), merges_made AS (
    INSERT INTO merge (merge_id, surviving, subsumed, decided_by, actor, reason, moved_record_ids, kept_record_ids, task_id)
    SELECT merge_id, surviving, subsumed, decided_by, %(actor)s, reason, moved_record_ids, kept_record_ids, task_id
    FROM doc, json_to_recordset(d -> 'merges') AS x(merge_id bigint, surviving text, subsumed text, decided_by text,
        reason text, moved_record_ids bigint[], kept_record_ids bigint[], task_id bigint)
), merges_undone AS (
    UPDATE merge SET undone_at = now(), undone_by = %(actor)s, undo_reason = %(reason)s
    FROM doc, json_array_elements_text(d -> 'undone_merges') AS id WHERE merge.merge_id = id::bigint
), assertions_made AS (
    INSERT INTO assertion (assertion_id, verdict, reason, actor, merge_id, task_id)
    SELECT assertion_id, verdict, reason, %(actor)s, merge_id, task_id
    FROM doc, json_to_recordset(d -> 'assertions') AS x(assertion_id bigint, verdict text, reason text, merge_id bigint,
        task_id bigint)
), assertion_pairs_made AS (
    INSERT INTO assertion_pair (assertion_id, record_a, record_b, verdict)
    SELECT assertion_id, record_a, record_b, verdict
    FROM doc, json_to_recordset(d -> 'pairs') AS x(assertion_id bigint, record_a bigint, record_b bigint, verdict text)
), assertions_withdrawn AS (
    UPDATE assertion SET withdrawn_at = now(), withdrawn_by = %(actor)s, withdrawal_reason = %(reason)s
    FROM doc, json_array_elements_text(d -> 'withdrawn') AS id WHERE assertion.assertion_id = id::bigint
), pairs_withdrawn AS (
    UPDATE assertion_pair SET withdrawn = true
    FROM doc, json_array_elements_text(d -> 'withdrawn') AS id WHERE assertion_pair.assertion_id = id::bigint
), single_pairs_withdrawn AS (
    UPDATE assertion_pair SET withdrawn = true
    FROM doc, json_to_recordset(d -> 'withdrawn_pairs') AS x(assertion_id bigint, record_a bigint, record_b bigint)
    WHERE assertion_pair.assertion_id = x.assertion_id AND assertion_pair.record_a = x.record_a
        AND assertion_pair.record_b = x.record_b
), tasks_queued AS (
    INSERT INTO task (task_id, kind, identity_a, identity_b, record_ids, weight, probability, guards, priority, rule_hash)
    SELECT task_id, kind, identity_a, identity_b, record_ids, weight, probability, guards, priority, %(rule_hash)s
    FROM doc, json_to_recordset(d -> 'tasks') AS x(task_id bigint, kind text, identity_a text, identity_b text,
        record_ids bigint[], weight real, probability real, guards text[], priority smallint)
), tasks_changed AS (
    UPDATE task SET identity_a = x.identity_a, identity_b = x.identity_b, state = x.state, version = version + 1,
        resolution = x.resolution,
        resolution_reason = CASE WHEN x.state = 'resolved' THEN %(reason)s END,
        resolved_by = CASE WHEN x.state = 'resolved' THEN %(actor)s END,
        resolved_at = CASE WHEN x.state = 'resolved' THEN now() END,
        claimed_by = CASE WHEN x.state = 'claimed' THEN claimed_by END,
        claim_expires_at = CASE WHEN x.state = 'claimed' THEN claim_expires_at END
    FROM doc, json_to_recordset(d -> 'task_changes') AS x(task_id bigint, identity_a text, identity_b text, state text,
        resolution text)
    WHERE task.task_id = x.task_id
), events_written AS (
    INSERT INTO event (type, actor, enterprise_id, other_enterprise_id, record_id, merge_id, task_id, assertion_id, batch_id,
        data)
    SELECT type, %(actor)s, enterprise_id, other_enterprise_id, record_id, merge_id, task_id, assertion_id, %(batch_id)s, data
    FROM doc, json_to_recordset(d -> 'events') AS x(type text, enterprise_id text, other_enterprise_id text,
        record_id bigint, merge_id bigint, task_id bigint, assertion_id bigint, data json)
)
INSERT INTO audit (actor, role, action, outcome, enterprise_ids, query_fields, result_count, reason, request_id)
SELECT %(actor)s, %(role)s, %(action)s, %(outcome)s, %(enterprise_ids)s, '{}', %(result_count)s, %(reason)s, %(request_id)s

-- name: write_audit
-- A read or a search that somebody made.
INSERT INTO audit (actor, role, action, outcome, enterprise_ids, query_fields, result_count, reason, request_id)
VALUES (%(actor)s, %(role)s, %(action)s, %(outcome)s, %(enterprise_ids)s, %(query_fields)s, %(result_count)s, %(reason)s,
    %(request_id)s)
