-- name: apply_change
-- A Change, whole, in the caller's transaction.
SELECT apply_change(%(doc)s::json, %(signed)s::json)

-- name: write_audit
-- A read or a search that somebody made.
INSERT INTO audit (actor, role, action, outcome, enterprise_ids, query_fields, result_count, reason, request_id)
VALUES (%(actor)s, %(role)s, %(action)s, %(outcome)s, %(enterprise_ids)s, %(query_fields)s, %(result_count)s, %(reason)s,
    %(request_id)s)
