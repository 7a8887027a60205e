-- The desk's queue: assignment to reviewers, notices, staged answers, and figures that are reckoned now and then.

ALTER TABLE task ADD COLUMN assigned_to text, ADD COLUMN assigned_by text;
CREATE INDEX task_kind ON task (kind, priority DESC, task_id) WHERE state <> 'resolved';
CREATE INDEX task_kind_age ON task (kind, created_at, task_id) WHERE state <> 'resolved';
CREATE INDEX task_assigned ON task (assigned_to) WHERE state <> 'resolved' AND assigned_to IS NOT NULL;
CREATE INDEX task_claimed ON task (claimed_by) WHERE state = 'claimed';
CREATE INDEX task_escalated ON task (escalated_at) WHERE state <> 'resolved' AND escalated_at IS NOT NULL;
CREATE INDEX event_at ON event USING brin (at);

-- What a reviewer is told at the next look: a task was taken over from them, tasks were assigned to them.
CREATE TABLE desk_notice (
    notice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('taken_over', 'assigned')),
    task_id bigint,
    task_count integer,
    seen_at timestamptz
);
CREATE INDEX desk_notice_unseen ON desk_notice (recipient, notice_id) WHERE seen_at IS NULL;

-- Answers that a reviewer has marked and not yet committed; one that failed stays, with why.
CREATE TABLE staged_answer (
    actor text NOT NULL,
    task_id bigint NOT NULL,
    version integer NOT NULL,
    resolution text NOT NULL,
    reason text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    staged_at timestamptz NOT NULL DEFAULT now(),
    failure text,
    PRIMARY KEY (actor, task_id)
);

-- Figures that take long to count at a million records: the last reckoning of each, and how long it took.
CREATE TABLE figure (
    name text PRIMARY KEY,
    content json NOT NULL,
    seconds real NOT NULL,
    reckoned_at timestamptz NOT NULL DEFAULT now()
);

-- What became of the records that arrived, by UTC day and source; the days before yesterday are final.
CREATE TABLE intake_day (
    day date NOT NULL,
    source_id smallint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('linked', 'review', 'new')),
    record_count bigint NOT NULL,
    PRIMARY KEY (day, source_id, outcome)
);

-- Whether an open task belongs to a saved view of the desk: the one definition, by which views are listed, counted and
-- dealt. ``sla`` is an object of hours by kind.
CREATE FUNCTION task_in_view(t task, view text, actor text, harm integer, sla jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE view
        WHEN 'all' THEN true
        WHEN 'potential_overlay' THEN t.kind IN ('potential_overlay', 'link_in_doubt')
        WHEN 'quarantined' THEN t.kind = 'potential_overlay'
        WHEN 'harm' THEN t.priority >= harm
        WHEN 'overdue' THEN t.created_at <= now() - make_interval(hours => (sla ->> t.kind)::integer)
        WHEN 'mine' THEN (t.claimed_by = actor AND t.claim_expires_at > now()) OR t.assigned_to = actor
        WHEN 'escalated' THEN t.escalated_at IS NOT NULL
        ELSE t.kind = view END
$$;
