-- name: sharers_of_keys
-- How many records have each of these blocking keys, and of how many people, bounded per key.
SELECT k.key, count(*), count(DISTINCT l.enterprise_id)
FROM unnest(%(values)s::bigint[]) AS k(key)
CROSS JOIN LATERAL (SELECT b.record_id FROM blocking_key b WHERE b.key = k.key LIMIT %(limit)s) AS b
JOIN link l ON l.record_id = b.record_id GROUP BY k.key

-- name: sharers_of_placeholders
-- The same of values that were dropped as placeholders, which have no blocking key: as they were sent.
SELECT v.value, count(*), count(DISTINCT l.enterprise_id)
FROM unnest(%(values)s::text[]) AS v(value)
CROSS JOIN LATERAL (
    SELECT r.record_id FROM record r WHERE json_array_length(r.normalized) = 14
        AND ARRAY[r.source_record ->> 'phone', r.source_record ->> 'ssn', r.source_record ->> 'email'] @> ARRAY[v.value]
    LIMIT %(limit)s
) AS r
JOIN link l ON l.record_id = r.record_id GROUP BY v.value
