-- Terms that many records have are decided on the records that rarer terms found, not looked up themselves.

DROP FUNCTION records_by_terms(tsquery, integer, boolean);

-- Records by their search terms, at most so many; ``further`` is decided on what ``wanted`` found. Without a sequential
-- scan, whatever the planner thinks of the terms: their number is bounded, a scan of the table is not.
CREATE FUNCTION records_by_terms(wanted tsquery, further tsquery, record_max integer, retired_too boolean)
RETURNS SETOF bigint LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT record_id FROM record WHERE terms @@ wanted AND (further IS NULL OR ts_match_vq(terms, further))
        AND (retired_too OR NOT retired) LIMIT record_max
$$;
