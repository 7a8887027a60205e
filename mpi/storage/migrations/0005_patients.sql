-- What the standard dialects need: the Patient as it was sent, what records are searched by, and which record of a
-- source gave way to which.

ALTER TABLE record ADD COLUMN original json;
ALTER TABLE record ADD COLUMN terms tsvector;
ALTER TABLE record ADD COLUMN replaced_by bigint;
ALTER TABLE record_version ADD COLUMN original json;
ALTER TABLE held_update ADD COLUMN original json;

CREATE INDEX record_terms ON record USING gin (terms);
CREATE INDEX record_received ON record (received_at);
CREATE INDEX record_without_terms ON record (record_id) WHERE terms IS NULL;
CREATE INDEX record_replaced ON record (replaced_by) WHERE replaced_by IS NOT NULL;

-- Stores new records with the identities they were assigned, if what that was decided on still holds: one call, one
-- round trip, one transaction. Returns false, and writes nothing, when the world changed since the look.
-- ``lock_numbers``: whoever is about to create an identity holds its blocking keys, so that a twin request waits and then
-- finds the record; NULL where nobody else can be creating one. ``seen``: the records that shared a key, at the look.
CREATE OR REPLACE FUNCTION register(
    records json, keys bigint[], key_record_ids bigint[], doc json, signed json,
    lock_numbers integer[], block_max integer, seen bigint[], enterprise_ids text[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    seen_now bigint[];
    active_count integer;
BEGIN
    IF lock_numbers IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(72, 0);
        PERFORM pg_advisory_xact_lock(71, number) FROM unnest(lock_numbers) AS number;
        SELECT coalesce(array_agg(DISTINCT id ORDER BY id), '{}') INTO seen_now
        FROM (
            SELECT ARRAY(SELECT b.record_id FROM blocking_key b WHERE b.key = k LIMIT block_max + 1) AS ids
            FROM unnest(keys) AS k
        ) AS hit, unnest(hit.ids) AS id
        WHERE cardinality(hit.ids) <= block_max;
        IF seen_now <> seen THEN
            RETURN false;
        END IF;
    END IF;
    IF enterprise_ids <> '{}' THEN
        SELECT count(*) INTO active_count FROM (
            SELECT 1 FROM identity i WHERE i.enterprise_id = ANY(enterprise_ids) AND i.status = 'active'
            ORDER BY i.enterprise_id FOR NO KEY UPDATE) AS held;
        IF active_count <> cardinality(enterprise_ids) OR EXISTS (
            SELECT FROM json_to_recordset(doc -> 'links') AS x(to_id text, with_record_id bigint)
            JOIN link l ON l.record_id = x.with_record_id WHERE l.enterprise_id <> x.to_id) THEN
            RETURN false;
        END IF;
    END IF;
    INSERT INTO record (record_id, source_id, local_id, content_hash, source_record, normalized, search_text, batch_id,
        original, terms)
    SELECT record_id, source_id, local_id, decode(content_hash, 'hex'), source_record, normalized, search_text,
        (signed ->> 'batch_id')::bigint, original, terms
    FROM json_to_recordset(records) AS x(record_id bigint, source_id smallint, local_id text, content_hash text,
        source_record json, normalized json, search_text text, original json, terms tsvector);
    INSERT INTO blocking_key (key, record_id) SELECT * FROM unnest(keys, key_record_ids);
    PERFORM apply_change(doc, signed);
    RETURN true;
END
$$;

-- Records by their search terms, at most so many. Without a sequential scan, whatever the planner thinks of the
-- terms: their number is bounded, a scan of the table is not.
CREATE FUNCTION records_by_terms(wanted tsquery, record_max integer, retired_too boolean) RETURNS SETOF bigint
LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT record_id FROM record WHERE terms @@ wanted AND (retired_too OR NOT retired) LIMIT record_max
$$;

-- The same in the order of enterprise IDs, a page at a time: for terms that so many records have that walking along the
-- identities soon meets enough of them.
CREATE FUNCTION identities_by_terms(wanted tsquery, after_id text, identity_max integer) RETURNS SETOF text
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_sort = off AS $$
    SELECT l.enterprise_id FROM link l JOIN record r ON r.record_id = l.record_id
    WHERE l.enterprise_id > after_id COLLATE "C" AND NOT r.retired AND (wanted IS NULL OR r.terms @@ wanted)
    GROUP BY l.enterprise_id ORDER BY l.enterprise_id LIMIT identity_max
$$;
