-- The desk gets a view of what waits for a second person.

-- Whether an open task belongs to a saved view of the desk: the one definition, by which views are listed, counted and
-- dealt. ``sla`` is an object of hours by kind.
CREATE OR REPLACE FUNCTION task_in_view(t task, view text, actor text, harm integer, sla jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE view
        WHEN 'all' THEN true
        WHEN 'potential_overlay' THEN t.kind IN ('potential_overlay', 'link_in_doubt')
        WHEN 'quarantined' THEN t.kind = 'potential_overlay'
        WHEN 'harm' THEN t.priority >= harm
        WHEN 'overdue' THEN t.created_at <= now() - make_interval(hours => (sla ->> t.kind)::integer)
        WHEN 'mine' THEN (t.claimed_by = actor AND t.claim_expires_at > now()) OR t.assigned_to = actor
        WHEN 'escalated' THEN t.escalated_at IS NOT NULL
        WHEN 'approval' THEN t.state = 'awaiting_approval'
        ELSE t.kind = view END
$$;
