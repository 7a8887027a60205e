-- name: answers_given
-- What was answered within 1 and 7 days, by whom and how.
SELECT resolved_by, resolution, count(*) FILTER (WHERE resolved_at > now() - interval '1 day'), count(*) FROM task
WHERE resolved_at > now() - interval '7 days' AND resolution IS NOT NULL
GROUP BY resolved_by, resolution ORDER BY resolved_by, resolution

-- name: figure
-- The last reckoning of a figure.
SELECT content, seconds, reckoned_at, extract(epoch FROM now() - reckoned_at)::float8 FROM figure WHERE name = %(name)s

-- name: keep_figure
-- In place of the one before.
INSERT INTO figure (name, content, seconds) VALUES (%(name)s, %(content)s::json, %(seconds)s)
ON CONFLICT (name) DO UPDATE SET content = EXCLUDED.content, seconds = EXCLUDED.seconds, reckoned_at = now()

-- name: begin_reckoning
-- One process at a time; it may take longer than a page.
SELECT pg_try_advisory_xact_lock(%(lock)s, 0), set_config('statement_timeout', '600000', true),
    set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: days_to_reckon
-- UTC days with arrivals that are not final yet: from the day before the last that was reckoned.
SELECT d::date FROM generate_series(
    coalesce((SELECT max(day) - 1 FROM intake_day),
        (SELECT (at AT TIME ZONE 'UTC')::date FROM event ORDER BY event_id LIMIT 1),
        (now() AT TIME ZONE 'UTC')::date),
    (now() AT TIME ZONE 'UTC')::date, interval '1 day') AS d

-- name: forget_intake_day
-- Before it is reckoned anew.
DELETE FROM intake_day WHERE day = %(day)s

-- name: reckon_intake_day
-- What became of the records that arrived on a UTC day. A record raised a question if it is the younger of the two that a
-- question of its own transaction is about.
WITH arrived AS (
    SELECT e.event_id, e.at, e.record_id, e.type = 'RecordLinked' AS is_linked FROM event e
    WHERE e.at >= %(day)s::date::timestamp AT TIME ZONE 'UTC' AND e.at < (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND e.type IN ('EnterpriseIdAssigned', 'RecordLinked') AND e.data ->> 'cause' = 'match'
), asked AS (
    SELECT DISTINCT greatest(record_ids[1], record_ids[2]) AS record_id, created_at AS at FROM task
    WHERE created_at >= %(day)s::date::timestamp AT TIME ZONE 'UTC'
        AND created_at < (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC' AND cardinality(record_ids) = 2
)
INSERT INTO intake_day (day, source_id, outcome, record_count, first_event_id, last_event_id)
SELECT %(day)s, r.source_id,
    CASE WHEN a.is_linked THEN 'linked' WHEN q.record_id IS NOT NULL THEN 'review' ELSE 'new' END AS outcome,
    count(*), min(a.event_id), max(a.event_id)
FROM arrived a JOIN record r ON r.record_id = a.record_id LEFT JOIN asked q ON q.record_id = a.record_id AND q.at = a.at
GROUP BY r.source_id, outcome

-- name: intake_series
-- Arrivals by day, source and outcome, of the last so many days that had any.
SELECT i.day, s.name, i.outcome, i.record_count FROM intake_day i JOIN source s ON s.source_id = i.source_id
WHERE i.day > (now() AT TIME ZONE 'UTC')::date - %(days)s::integer ORDER BY i.day, s.name, i.outcome

-- name: duplicates_by_source
-- Of each source: its active records, those that share their identity with another of the source, and those that are in an
-- open question about a duplicate besides.
WITH member AS MATERIALIZED (
    SELECT l.enterprise_id, r.source_id, r.record_id,
        count(*) OVER (PARTITION BY l.enterprise_id, r.source_id) > 1 AS is_known
    FROM link l JOIN record r ON r.record_id = l.record_id WHERE NOT r.retired
), asked AS (
    SELECT DISTINCT unnest(record_ids) AS record_id FROM task WHERE state <> 'resolved' AND kind = 'potential_duplicate'
)
SELECT s.name, count(*), count(*) FILTER (WHERE m.is_known), count(*) FILTER (WHERE NOT m.is_known AND a.record_id IS NOT NULL)
FROM member m JOIN source s ON s.source_id = m.source_id LEFT JOIN asked a ON a.record_id = m.record_id
GROUP BY s.name ORDER BY s.name

-- name: duplicates_created
-- By UTC day and source, records that arrived within so many days and stand in one identity with an older record of their
-- source: linked by the machine, or merged by a person.
WITH member AS (
    SELECT r.source_id, r.record_id,
        row_number() OVER (PARTITION BY l.enterprise_id, r.source_id ORDER BY r.record_id) > 1 AS is_second
    FROM link l JOIN record r ON r.record_id = l.record_id WHERE NOT r.retired
)
SELECT (found.arrived_at AT TIME ZONE 'UTC')::date AS day, s.name, count(*)
FROM (
    SELECT m.source_id,
        (SELECT e.at FROM event e WHERE e.record_id = m.record_id ORDER BY e.event_id LIMIT 1) AS arrived_at
    FROM member m WHERE m.is_second
) AS found
JOIN source s ON s.source_id = found.source_id
WHERE found.arrived_at > now() - make_interval(days => %(days)s) GROUP BY day, s.name ORDER BY day, s.name

-- name: weights_of_links
-- Links that the machine made, by whole bits of match weight.
SELECT floor(weight)::integer AS bits, count(*) FROM link WHERE decided_by = 'machine' AND weight IS NOT NULL
GROUP BY bits ORDER BY bits

-- name: weights_of_tasks
-- Questions, open and answered, by whole bits of match weight.
SELECT floor(weight)::integer AS bits, count(*) FILTER (WHERE state <> 'resolved'), count(*) FILTER (WHERE state = 'resolved')
FROM task WHERE weight IS NOT NULL GROUP BY bits ORDER BY bits

-- name: queue_flow
-- Questions queued and answered by UTC day.
SELECT day, sum(queued)::bigint, sum(answered)::bigint FROM (
    SELECT (created_at AT TIME ZONE 'UTC')::date AS day, 1 AS queued, 0 AS answered FROM task
    WHERE created_at > now() - make_interval(days => %(days)s)
    UNION ALL SELECT (resolved_at AT TIME ZONE 'UTC')::date, 0, 1 FROM task
    WHERE resolved_at > now() - make_interval(days => %(days)s) AND resolution IS NOT NULL
) AS step GROUP BY day ORDER BY day

-- name: hours_to_answer
-- By kind, of what people answered within so many days: how many, and the median and 90th percentile of the hours it waited.
SELECT kind, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - created_at) / 3600),
    percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - created_at) / 3600)
FROM task WHERE resolved_at > now() - make_interval(days => %(days)s) AND resolution IS NOT NULL GROUP BY kind ORDER BY kind

-- name: records_of_source
-- The active records of a source, by local ID.
SELECT r.record_id, r.local_id, r.source_record, l.enterprise_id, r.local_id AS place
FROM record r JOIN link l ON l.record_id = r.record_id
WHERE r.source_id = %(source_id)s AND r.local_id > %(after)s AND NOT r.retired ORDER BY r.local_id LIMIT %(limit)s

-- name: duplicates_of_source
-- Records that share their identity with another of their source, identity by identity; so many links are looked through,
-- and ``place`` of the last row, a record 0, is how far.
WITH slice AS MATERIALIZED (
    SELECT enterprise_id, record_id FROM link WHERE enterprise_id > %(after)s ORDER BY enterprise_id LIMIT %(looked_at)s
), member AS (
    SELECT s.enterprise_id, r.record_id, r.local_id, r.source_record,
        count(*) OVER (PARTITION BY s.enterprise_id) AS size
    FROM slice s JOIN record r ON r.record_id = s.record_id
    -- The last identity may have been cut in two, unless these are all there are.
    WHERE r.source_id = %(source_id)s AND NOT r.retired
        AND ((SELECT count(*) FROM slice) < %(looked_at)s OR s.enterprise_id < (SELECT max(enterprise_id) FROM slice))
), found AS (
    SELECT *, dense_rank() OVER (ORDER BY enterprise_id) AS rank FROM member WHERE size > 1
), looked AS (
    SELECT CASE WHEN (SELECT max(rank) FROM found) > %(limit)s
            THEN (SELECT max(enterprise_id) FROM found WHERE rank <= %(limit)s)
        WHEN (SELECT count(*) FROM slice) = %(looked_at)s
            THEN (SELECT max(enterprise_id) FROM slice WHERE enterprise_id < (SELECT max(enterprise_id) FROM slice)) END AS place
)
SELECT record_id, local_id, source_record, enterprise_id, enterprise_id AS place FROM found WHERE rank <= %(limit)s
UNION ALL SELECT 0, NULL, NULL, NULL, place FROM looked WHERE place IS NOT NULL
ORDER BY place, record_id DESC

-- name: created_of_source
-- Those of them that are not the first of their source in their identity, and arrived within 30 days; so many links are
-- looked through, and ``place`` of the last row, a record 0, is how far.
WITH slice AS MATERIALIZED (
    SELECT enterprise_id, record_id FROM link WHERE enterprise_id > %(after)s ORDER BY enterprise_id LIMIT %(looked_at)s
), member AS (
    SELECT s.enterprise_id, r.record_id, r.local_id, r.source_record,
        row_number() OVER (PARTITION BY s.enterprise_id ORDER BY r.record_id) AS place_within
    FROM slice s JOIN record r ON r.record_id = s.record_id
    -- The last identity may have been cut in two, unless these are all there are.
    WHERE r.source_id = %(source_id)s AND NOT r.retired
        AND ((SELECT count(*) FROM slice) < %(looked_at)s OR s.enterprise_id < (SELECT max(enterprise_id) FROM slice))
), found AS (
    SELECT *, dense_rank() OVER (ORDER BY enterprise_id) AS rank FROM member WHERE place_within > 1
        AND (SELECT e.at FROM event e WHERE e.record_id = member.record_id ORDER BY e.event_id LIMIT 1) > now() - interval '30 days'
), looked AS (
    SELECT CASE WHEN (SELECT max(rank) FROM found) > %(limit)s
            THEN (SELECT max(enterprise_id) FROM found WHERE rank <= %(limit)s)
        WHEN (SELECT count(*) FROM slice) = %(looked_at)s
            THEN (SELECT max(enterprise_id) FROM slice WHERE enterprise_id < (SELECT max(enterprise_id) FROM slice)) END AS place
)
SELECT record_id, local_id, source_record, enterprise_id, enterprise_id AS place FROM found WHERE rank <= %(limit)s
UNION ALL SELECT 0, NULL, NULL, NULL, place FROM looked WHERE place IS NOT NULL
ORDER BY place, record_id DESC

-- name: arrivals_of_day
-- Records of a source that arrived on a UTC day with an outcome, in the order of the ledger; so many events are looked through.
WITH day AS (
    SELECT first_event_id, last_event_id FROM intake_day
    WHERE day = %(day)s AND source_id = %(source_id)s AND outcome = %(outcome)s
), slice AS MATERIALIZED (
    SELECT e.event_id, e.at, e.record_id, e.enterprise_id, e.type, e.data FROM event e, day
    WHERE e.event_id >= greatest(day.first_event_id, %(after)s::bigint + 1) AND e.event_id <= day.last_event_id
    ORDER BY e.event_id LIMIT %(looked_at)s
), found AS (
    SELECT s.event_id, r.record_id, r.local_id, r.source_record FROM slice s JOIN record r ON r.record_id = s.record_id
    WHERE s.type = CASE %(outcome)s WHEN 'linked' THEN 'RecordLinked' ELSE 'EnterpriseIdAssigned' END
        AND s.data ->> 'cause' = 'match' AND r.source_id = %(source_id)s
        AND (%(outcome)s = 'linked' OR (%(outcome)s = 'review') = EXISTS (
            SELECT FROM event q JOIN task t ON t.task_id = q.task_id
            WHERE q.enterprise_id = s.enterprise_id AND q.type = 'TaskQueued' AND q.at = s.at
                AND greatest(t.record_ids[1], t.record_ids[2]) = s.record_id
            UNION ALL SELECT FROM event q JOIN task t ON t.task_id = q.task_id
            WHERE q.other_enterprise_id = s.enterprise_id AND q.type = 'TaskQueued' AND q.at = s.at
                AND greatest(t.record_ids[1], t.record_ids[2]) = s.record_id))
    ORDER BY s.event_id LIMIT %(limit)s
)
SELECT f.record_id, f.local_id, f.source_record, l.enterprise_id, f.event_id AS place FROM found f
JOIN link l ON l.record_id = f.record_id
UNION ALL SELECT 0, NULL, NULL, NULL, max(event_id) FROM slice
HAVING count(*) = %(looked_at)s AND (SELECT count(*) FROM found) < %(limit)s
ORDER BY place, record_id DESC

-- name: links_of_weight
-- Records that the machine linked with a weight of so many whole bits, by record ID; so many links are looked through.
WITH slice AS MATERIALIZED (
    SELECT record_id, enterprise_id, weight, decided_by FROM link WHERE record_id > %(after)s ORDER BY record_id LIMIT %(looked_at)s
), found AS (
    SELECT record_id, enterprise_id FROM slice
    WHERE decided_by = 'machine' AND weight >= %(bits)s AND weight < %(bits)s + 1 ORDER BY record_id LIMIT %(limit)s
)
SELECT f.record_id, r.local_id, r.source_record, f.enterprise_id, f.record_id AS place
FROM found f JOIN record r ON r.record_id = f.record_id
UNION ALL SELECT 0, NULL, NULL, NULL, max(record_id) FROM slice
HAVING count(*) = %(looked_at)s AND (SELECT count(*) FROM found) < %(limit)s
ORDER BY place, record_id DESC

-- name: tasks_of_weight
-- Questions of so many whole bits, open or answered.
SELECT task_id, kind, state, created_at, resolved_at, resolved_by, resolution, weight FROM task
WHERE weight >= %(bits)s AND weight < %(bits)s + 1 AND task_id > %(after)s ORDER BY task_id LIMIT %(limit)s

-- name: tasks_answered
-- What was answered in a span of time, by one person and with one answer where asked for; newest first.
SELECT task_id, kind, state, created_at, resolved_at, resolved_by, resolution, weight FROM task
WHERE resolved_at >= %(since)s AND resolved_at < %(until)s AND resolution IS NOT NULL
    AND (%(by)s::text IS NULL OR resolved_by = %(by)s) AND (%(resolution)s::text IS NULL OR resolution = %(resolution)s)
    AND (%(kind)s::text IS NULL OR kind = %(kind)s)
    AND (resolved_at, -task_id) < (%(before)s::timestamptz, -(%(after)s::bigint))
ORDER BY resolved_at DESC, task_id LIMIT %(limit)s

-- name: tasks_queued
-- What was queued on a UTC day, answered since or not.
SELECT task_id, kind, state, created_at, resolved_at, resolved_by, resolution, weight FROM task
WHERE created_at >= %(since)s AND created_at < %(until)s AND task_id > %(after)s ORDER BY task_id LIMIT %(limit)s

-- name: has_few_records
-- By size: a demonstration, not a hospital.
SELECT pg_relation_size('record') + pg_relation_size('event') < 48 * 1024 * 1024

-- name: sources_of_records
-- Which source each record is of.
SELECT r.record_id, s.name FROM record r JOIN source s ON s.source_id = r.source_id WHERE r.record_id = ANY(%(record_ids)s)
