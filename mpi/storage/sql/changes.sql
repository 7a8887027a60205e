-- name: apply_change
-- A Change, whole, in the caller's transaction.
SELECT apply_change(%(doc)s::json, %(signed)s::json)

-- name: write_audit
-- A read or a search that somebody made. In one parameter: each costs the caller time.
INSERT INTO audit (actor, role, action, outcome, enterprise_ids, query_fields, result_count, reason, request_id)
SELECT actor, role, action, outcome, enterprise_ids, query_fields, result_count, reason, request_id
FROM json_to_record(%(row)s::json) AS x(actor text, role text, action text, outcome text, enterprise_ids text[],
    query_fields text[], result_count integer, reason text, request_id text)
