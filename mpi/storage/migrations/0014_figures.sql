-- Where a day's arrivals begin in the ledger, so that the records behind a figure are found without a search.

ALTER TABLE intake_day ADD COLUMN first_event_id bigint NOT NULL DEFAULT 0, ADD COLUMN last_event_id bigint NOT NULL DEFAULT 0;

CREATE INDEX task_awaiting ON task (task_id) WHERE state = 'awaiting_approval';

-- A lower bound of what can be overdue, ``least``, lets an index find it: most tasks are not.
CREATE OR REPLACE FUNCTION task_in_view(t task, view text, actor text, harm integer, sla jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE view
        WHEN 'all' THEN true
        WHEN 'potential_overlay' THEN t.kind IN ('potential_overlay', 'link_in_doubt')
        WHEN 'quarantined' THEN t.kind = 'potential_overlay'
        WHEN 'harm' THEN t.priority >= harm
        WHEN 'overdue' THEN t.created_at <= now() - make_interval(hours => (sla ->> 'least')::integer)
            AND t.created_at <= now() - make_interval(hours => (sla ->> t.kind)::integer)
        WHEN 'mine' THEN (t.state = 'claimed' AND t.claimed_by = actor AND t.claim_expires_at > now()) OR t.assigned_to = actor
        WHEN 'escalated' THEN t.escalated_at IS NOT NULL
        WHEN 'approval' THEN t.state = 'awaiting_approval'
        ELSE t.kind = view END
$$;
