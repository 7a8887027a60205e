-- name: queue_ages
-- Questions that wait, by kind and by how long; days are of 24 hours.
SELECT kind, count(*), count(*) FILTER (WHERE created_at > now() - interval '1 day'),
    count(*) FILTER (WHERE created_at <= now() - interval '1 day' AND created_at > now() - interval '7 days'),
    count(*) FILTER (WHERE created_at <= now() - interval '7 days'), min(created_at)
FROM task WHERE state <> 'resolved' GROUP BY kind ORDER BY kind

-- name: answers_given
-- What was answered within a time, by whom and how.
SELECT resolved_by, resolution, count(*) FROM task
WHERE resolved_at > now() - make_interval(days => %(days)s) AND resolution IS NOT NULL
GROUP BY resolved_by, resolution ORDER BY resolved_by, resolution

