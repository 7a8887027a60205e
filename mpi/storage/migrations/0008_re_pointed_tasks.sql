-- Tasks whose identities change places in one change (A with B goes to B with C, and C with B to A with B) met on the
-- way: each found its place taken. They leave their places first.

CREATE OR REPLACE FUNCTION apply_change(doc json, signed json) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    who text := signed ->> 'actor';
    why text := signed ->> 'reason';
    rules text := signed ->> 'rule_hash';
BEGIN
    IF doc -> 'issued' IS NOT NULL THEN
        INSERT INTO identity (enterprise_id, status, surviving_id, successors)
        SELECT enterprise_id, status, surviving_id, coalesce(successors, '{}')
        FROM json_to_recordset(doc -> 'issued') AS x(enterprise_id text, status text, surviving_id text, successors text[]);
    END IF;
    IF doc -> 'identities' IS NOT NULL THEN
        UPDATE identity SET status = x.status, surviving_id = x.surviving_id, successors = coalesce(x.successors, '{}'),
            changed_at = now()
        FROM json_to_recordset(doc -> 'identities') AS x(enterprise_id text, status text, surviving_id text,
            successors text[])
        WHERE identity.enterprise_id = x.enterprise_id;
    END IF;
    IF doc -> 'links' IS NOT NULL THEN
        INSERT INTO link (record_id, enterprise_id, decided_by, weight, probability, with_record_id, rule_hash)
        SELECT record_id, to_id, decided_by, weight, probability, with_record_id, rules
        FROM json_to_recordset(doc -> 'links') AS x(record_id bigint, to_id text, decided_by text, weight real,
            probability real, with_record_id bigint)
        ON CONFLICT (record_id) DO UPDATE SET enterprise_id = EXCLUDED.enterprise_id, decided_by = EXCLUDED.decided_by,
            weight = EXCLUDED.weight, probability = EXCLUDED.probability, with_record_id = EXCLUDED.with_record_id,
            rule_hash = EXCLUDED.rule_hash, linked_at = now();
    END IF;
    IF doc -> 'undone_merges' IS NOT NULL THEN
        UPDATE merge SET undone_at = now(), undone_by = who, undo_reason = why
        FROM json_array_elements_text(doc -> 'undone_merges') AS id WHERE merge.merge_id = id::bigint;
    END IF;
    IF doc -> 'merges' IS NOT NULL THEN
        INSERT INTO merge (merge_id, surviving, subsumed, decided_by, actor, reason, moved_record_ids, kept_record_ids, task_id)
        SELECT merge_id, surviving, subsumed, decided_by, who, reason, moved_record_ids, kept_record_ids, task_id
        FROM json_to_recordset(doc -> 'merges') AS x(merge_id bigint, surviving text, subsumed text, decided_by text,
            reason text, moved_record_ids bigint[], kept_record_ids bigint[], task_id bigint);
    END IF;
    IF doc -> 'withdrawn' IS NOT NULL THEN
        UPDATE assertion SET withdrawn_at = now(), withdrawn_by = who, withdrawal_reason = why
        FROM json_array_elements_text(doc -> 'withdrawn') AS id WHERE assertion.assertion_id = id::bigint;
        UPDATE assertion_pair SET withdrawn = true
        FROM json_array_elements_text(doc -> 'withdrawn') AS id WHERE assertion_pair.assertion_id = id::bigint;
    END IF;
    IF doc -> 'withdrawn_pairs' IS NOT NULL THEN
        UPDATE assertion_pair p SET withdrawn = true
        FROM json_to_recordset(doc -> 'withdrawn_pairs') AS x(assertion_id bigint, record_a bigint, record_b bigint)
        WHERE p.assertion_id = x.assertion_id AND p.record_a = x.record_a AND p.record_b = x.record_b;
    END IF;
    IF doc -> 'assertions' IS NOT NULL THEN
        INSERT INTO assertion (assertion_id, verdict, reason, actor, merge_id, task_id)
        SELECT assertion_id, verdict, reason, who, merge_id, task_id
        FROM json_to_recordset(doc -> 'assertions') AS x(assertion_id bigint, verdict text, reason text, merge_id bigint,
            task_id bigint);
        INSERT INTO assertion_pair (assertion_id, record_a, record_b, verdict)
        SELECT assertion_id, record_a, record_b, verdict
        FROM json_to_recordset(doc -> 'pairs') AS x(assertion_id bigint, record_a bigint, record_b bigint, verdict text);
    END IF;
    IF doc -> 'task_changes' IS NOT NULL THEN
        -- Tasks that are re-pointed leave their places before any takes another's; what is answered goes next, so that
        -- each finds its new place free.
        UPDATE task SET identity_b = NULL
        FROM json_to_recordset(doc -> 'task_changes') AS x(task_id bigint, identity_a text, identity_b text, state text)
        WHERE task.task_id = x.task_id AND task.state <> 'resolved' AND x.state <> 'resolved'
            AND (task.identity_a, task.identity_b) IS DISTINCT FROM (x.identity_a, x.identity_b);
        FOR step IN 1..2 LOOP
            UPDATE task SET identity_a = x.identity_a, identity_b = x.identity_b, state = x.state, version = version + 1,
                resolution = x.resolution,
                resolution_reason = CASE WHEN x.state = 'resolved' THEN why END,
                resolved_by = CASE WHEN x.state = 'resolved' THEN who END,
                resolved_at = CASE WHEN x.state = 'resolved' THEN now() END,
                claimed_by = CASE WHEN x.state = 'claimed' THEN claimed_by END,
                claim_expires_at = CASE WHEN x.state = 'claimed' THEN claim_expires_at END
            FROM json_to_recordset(doc -> 'task_changes') AS x(task_id bigint, identity_a text, identity_b text, state text,
                resolution text)
            WHERE task.task_id = x.task_id AND (x.state = 'resolved') = (step = 1);
        END LOOP;
        -- Nobody will be asked any more about an update that is still held: it is overtaken.
        UPDATE held_update h SET outcome = 'superseded'
        FROM json_to_recordset(doc -> 'task_changes') AS x(task_id bigint, state text)
        WHERE h.task_id = x.task_id AND x.state = 'resolved' AND h.outcome IS NULL;
    END IF;
    IF doc -> 'tasks' IS NOT NULL THEN
        INSERT INTO task (task_id, kind, identity_a, identity_b, record_ids, weight, probability, guards, priority, rule_hash)
        SELECT task_id, kind, identity_a, identity_b, record_ids, weight, probability, guards, priority, rules
        FROM json_to_recordset(doc -> 'tasks') AS x(task_id bigint, kind text, identity_a text, identity_b text,
            record_ids bigint[], weight real, probability real, guards text[], priority smallint);
    END IF;
    IF doc -> 'events' IS NOT NULL THEN
        INSERT INTO event (type, actor, enterprise_id, other_enterprise_id, record_id, merge_id, task_id, assertion_id,
            batch_id, data)
        SELECT type, who, enterprise_id, other_enterprise_id, record_id, merge_id, task_id, assertion_id,
            (signed ->> 'batch_id')::bigint, data
        FROM json_to_recordset(doc -> 'events') AS x(type text, enterprise_id text, other_enterprise_id text,
            record_id bigint, merge_id bigint, task_id bigint, assertion_id bigint, data json);
    END IF;
    INSERT INTO audit (actor, role, action, outcome, enterprise_ids, result_count, reason, request_id)
    SELECT actor, role, action, outcome, enterprise_ids, result_count, reason, request_id
    FROM json_to_record(signed) AS x(actor text, role text, action text, outcome text, enterprise_ids text[],
        result_count integer, reason text, request_id text);
END
$$;
