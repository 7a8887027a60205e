-- The review desk: notes and escalations on tasks, browser sessions, and an index for each way the queue is read.

ALTER TABLE task ADD COLUMN escalated_at timestamptz, ADD COLUMN escalated_by text;
CREATE INDEX task_age ON task (created_at, task_id) WHERE state <> 'resolved';
CREATE INDEX task_resolver ON task (resolved_by, resolved_at DESC) WHERE resolved_at IS NOT NULL;
CREATE INDEX task_resolved ON task (resolved_at) WHERE resolved_at IS NOT NULL;

-- What reviewers tell each other about a question. Rows are only ever added.
CREATE TABLE task_note (
    note_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    note text NOT NULL
);
CREATE INDEX task_note_task ON task_note (task_id, note_id);

-- A link that opens the desk once. Only the hash of its token is kept.
CREATE TABLE desk_link (
    token_hash bytea PRIMARY KEY,
    -- NULL: whoever sits at this machine, where MPI_AUTH=off.
    client_id integer,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- A browser at the desk. Only the hash of its cookie is kept.
CREATE TABLE desk_session (
    token_hash bytea PRIMARY KEY,
    client_id integer,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
