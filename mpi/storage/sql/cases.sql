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
CROSS JOIN LATERAL records_by_terms(t.term::tsquery, %(limit)s) AS found(record_id)
JOIN link l ON l.record_id = found.record_id GROUP BY t.term
