-- The whole schema, for reading. Living databases get there by migrations/; a test proves the two equal.
-- Demographics are stored twice: source_record as sent, normalized as compared.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Block of numbers handed to a process at a time; it gives them out without asking again.
CREATE SEQUENCE number_block INCREMENT BY 1000 START WITH 1000;

CREATE TABLE index_setting (
    key text PRIMARY KEY,
    value json NOT NULL
);

-- A rule set that decided something, kept word for word, so that a decision can be read years later.
CREATE TABLE rule_set (
    hash text PRIMARY KEY,
    name text NOT NULL,
    content text NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE source (
    source_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    trust smallint NOT NULL DEFAULT 50,
    settings json NOT NULL DEFAULT '{}',
    declared_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE authority (
    authority_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text UNIQUE,
    oid text UNIQUE,
    uri text UNIQUE,
    type text,
    -- The only source that may assign in it; NULL: nobody in particular (a national identifier).
    owner text,
    person_unique boolean NOT NULL DEFAULT false,
    CHECK (coalesce(name, oid, uri) IS NOT NULL)
);

CREATE TABLE record (
    record_id bigint PRIMARY KEY,
    source_id smallint NOT NULL,
    local_id text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    retired boolean NOT NULL DEFAULT false,
    content_hash bytea NOT NULL,
    source_record json NOT NULL,
    normalized json NOT NULL,
    -- Names and identifiers in one line, for the search box only.
    search_text text NOT NULL,
    batch_id bigint,
    received_at timestamptz NOT NULL DEFAULT now(),
    -- The FHIR Patient it was read from, word for word.
    original json,
    -- What it is found by when somebody asks with demographics (mpi/patient/terms.py); NULL: still to be made.
    terms tsvector,
    -- The record of the same source that it gave way to; such a record is retired.
    replaced_by bigint,
    -- A source system has one record under one local ID.
    CONSTRAINT one_record_per_local_id UNIQUE (source_id, local_id)
);
CREATE INDEX record_search ON record USING gin (search_text gin_trgm_ops);
CREATE INDEX record_terms ON record USING gin (terms);
CREATE INDEX record_received ON record (received_at);
CREATE INDEX record_without_terms ON record (record_id) WHERE terms IS NULL;
CREATE INDEX record_replaced ON record (replaced_by) WHERE replaced_by IS NOT NULL;

-- What a record said before it was updated.
CREATE TABLE record_version (
    record_id bigint NOT NULL,
    version integer NOT NULL,
    source_record json NOT NULL,
    received_at timestamptz NOT NULL,
    superseded_at timestamptz NOT NULL DEFAULT now(),
    original json,
    PRIMARY KEY (record_id, version)
);

-- An update that looks like somebody else, held until a person releases or rejects it; kept afterwards, so that the
-- answer can be taken back.
CREATE TABLE held_update (
    task_id bigint PRIMARY KEY,
    record_id bigint NOT NULL,
    source_record json NOT NULL,
    content_hash bytea NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    -- NULL while it is held.
    outcome text CHECK (outcome IN ('released', 'rejected', 'superseded')),
    original json
);
-- At most one update of a record waits at a time.
CREATE UNIQUE INDEX one_held_update_per_record ON held_update (record_id) WHERE outcome IS NULL;

-- One row per key of an active record: what a look-up reads, bounded per key.
CREATE TABLE blocking_key (
    key bigint NOT NULL,
    record_id bigint NOT NULL
);
CREATE INDEX blocking_key_key ON blocking_key (key) INCLUDE (record_id);
CREATE INDEX blocking_key_record ON blocking_key (record_id);

CREATE TABLE identity (
    enterprise_id text COLLATE "C" PRIMARY KEY,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'merged', 'split', 'retired', 'erased')),
    surviving_id text COLLATE "C",
    successors text[] NOT NULL DEFAULT '{}',
    issued_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    -- Merged means redirected, and only that.
    CONSTRAINT merged_redirects CHECK ((status = 'merged') = (surviving_id IS NOT NULL)),
    CONSTRAINT never_redirects_to_itself CHECK (surviving_id <> enterprise_id)
);
CREATE INDEX identity_survivor ON identity (surviving_id) WHERE surviving_id IS NOT NULL;

-- A record belongs to one identity at a time: the key says so.
CREATE TABLE link (
    record_id bigint PRIMARY KEY,
    enterprise_id text COLLATE "C" NOT NULL,
    decided_by text NOT NULL CHECK (decided_by IN ('machine', 'person')),
    weight real,
    probability real,
    with_record_id bigint,
    rule_hash text,
    linked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX link_identity ON link (enterprise_id);

CREATE TABLE merge (
    merge_id bigint PRIMARY KEY,
    surviving text COLLATE "C" NOT NULL,
    subsumed text COLLATE "C" NOT NULL,
    decided_by text NOT NULL CHECK (decided_by IN ('machine', 'person')),
    actor text NOT NULL,
    reason text NOT NULL,
    moved_record_ids bigint[] NOT NULL,
    kept_record_ids bigint[] NOT NULL,
    task_id bigint,
    merged_at timestamptz NOT NULL DEFAULT now(),
    undone_at timestamptz,
    undone_by text,
    undo_reason text,
    CHECK (surviving <> subsumed)
);
-- An identity is subsumed once at a time.
CREATE UNIQUE INDEX one_live_merge_per_subsumed ON merge (subsumed) WHERE undone_at IS NULL;
CREATE INDEX merge_surviving ON merge (surviving);
CREATE INDEX merge_task ON merge (task_id) WHERE task_id IS NOT NULL;

CREATE TABLE assertion (
    assertion_id bigint PRIMARY KEY,
    verdict text NOT NULL CHECK (verdict IN ('same', 'different')),
    reason text NOT NULL,
    actor text NOT NULL,
    merge_id bigint,
    task_id bigint,
    asserted_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz,
    withdrawn_by text,
    withdrawal_reason text
);

CREATE TABLE assertion_pair (
    assertion_id bigint NOT NULL,
    record_a bigint NOT NULL,
    record_b bigint NOT NULL,
    verdict text NOT NULL,
    withdrawn boolean NOT NULL DEFAULT false,
    PRIMARY KEY (assertion_id, record_a, record_b),
    CHECK (record_a < record_b)
);
CREATE INDEX assertion_pair_a ON assertion_pair (record_a) WHERE NOT withdrawn;
CREATE INDEX assertion_pair_b ON assertion_pair (record_b) WHERE NOT withdrawn;

CREATE TABLE task (
    task_id bigint PRIMARY KEY,
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'claimed', 'awaiting_approval', 'resolved')),
    version integer NOT NULL DEFAULT 1,
    priority smallint NOT NULL DEFAULT 50,
    identity_a text COLLATE "C" NOT NULL,
    identity_b text COLLATE "C",
    record_ids bigint[] NOT NULL DEFAULT '{}',
    weight real,
    probability real,
    guards text[] NOT NULL DEFAULT '{}',
    rule_hash text,
    created_at timestamptz NOT NULL DEFAULT now(),
    claimed_by text,
    claim_expires_at timestamptz,
    resolution text,
    resolution_reason text,
    resolved_by text,
    resolved_at timestamptz,
    escalated_at timestamptz,
    escalated_by text,
    assigned_to text,
    assigned_by text,
    CHECK (identity_b IS NULL OR identity_a < identity_b),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
-- Two identities are never asked about twice at once.
CREATE UNIQUE INDEX one_open_task_per_pair ON task (identity_a, identity_b) WHERE state <> 'resolved' AND identity_b IS NOT NULL;
CREATE INDEX task_queue ON task (priority DESC, task_id) WHERE state <> 'resolved';
CREATE INDEX task_identity_b ON task (identity_b) WHERE identity_b IS NOT NULL;
CREATE INDEX task_identity_a ON task (identity_a);
CREATE INDEX task_age ON task (created_at, task_id) WHERE state <> 'resolved';
CREATE INDEX task_resolver ON task (resolved_by, resolved_at DESC) WHERE resolved_at IS NOT NULL;
CREATE INDEX task_resolved ON task (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX task_kind ON task (kind, priority DESC, task_id) WHERE state <> 'resolved';
CREATE INDEX task_kind_age ON task (kind, created_at, task_id) WHERE state <> 'resolved';
CREATE INDEX task_assigned ON task (assigned_to) WHERE state <> 'resolved' AND assigned_to IS NOT NULL;
CREATE INDEX task_claimed ON task (claimed_by) WHERE state = 'claimed';
CREATE INDEX task_escalated ON task (escalated_at) WHERE state <> 'resolved' AND escalated_at IS NOT NULL;
CREATE INDEX task_awaiting ON task (task_id) WHERE state = 'awaiting_approval';

-- What reviewers tell each other about a question. Rows are only ever added.
CREATE TABLE task_note (
    note_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    note text NOT NULL
);
CREATE INDEX task_note_task ON task_note (task_id, note_id);

-- A merge that one person proposed and another has to approve, because leaving it wrong would do much harm.
CREATE TABLE approval (
    approval_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id bigint NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    -- NULL while it waits.
    outcome text CHECK (outcome IN ('approved', 'refused', 'withdrawn', 'overtaken')),
    decided_by text,
    decided_at timestamptz,
    CONSTRAINT nobody_approves_alone CHECK (outcome <> 'approved' OR decided_by <> proposed_by)
);
-- One proposal waits about a task at a time.
CREATE UNIQUE INDEX one_approval_per_task ON approval (task_id) WHERE outcome IS NULL;

-- A sample of answered questions, read a second time by somebody who does not see the first answer.
CREATE TABLE second_reading (
    task_id bigint PRIMARY KEY,
    first_by text NOT NULL,
    first_resolution text NOT NULL,
    first_at timestamptz NOT NULL DEFAULT now(),
    second_by text,
    second_resolution text,
    second_reason text,
    second_at timestamptz,
    -- What a third person made of two different answers.
    outcome text CHECK (outcome IN ('upheld', 'reopened')),
    settled_by text,
    settled_at timestamptz,
    CONSTRAINT nobody_reads_twice CHECK (second_by <> first_by)
);
CREATE INDEX second_reading_waiting ON second_reading (first_at) WHERE second_at IS NULL;
CREATE INDEX second_reading_disputed ON second_reading (second_at)
    WHERE second_resolution <> first_resolution AND outcome IS NULL;

-- The ledger: every change of a link is one row here, written in the transaction that made it.
CREATE TABLE event (
    event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    type text NOT NULL,
    actor text NOT NULL,
    enterprise_id text COLLATE "C" NOT NULL,
    other_enterprise_id text COLLATE "C",
    record_id bigint,
    merge_id bigint,
    task_id bigint,
    assertion_id bigint,
    batch_id bigint,
    data json,
    -- Its place in the change feed; given once no older transaction can still commit before it.
    seq bigint
);
CREATE UNIQUE INDEX event_feed ON event (seq) WHERE seq IS NOT NULL;
CREATE INDEX event_unpublished ON event (event_id) WHERE seq IS NULL;
CREATE INDEX event_identity ON event (enterprise_id, event_id);
CREATE INDEX event_other_identity ON event (other_enterprise_id, event_id) WHERE other_enterprise_id IS NOT NULL;
CREATE INDEX event_merge ON event (merge_id) WHERE merge_id IS NOT NULL;
CREATE INDEX event_task ON event (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX event_record ON event (record_id, event_id) WHERE record_id IS NOT NULL;
CREATE INDEX event_at ON event USING brin (at);

CREATE TABLE api_client (
    client_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    -- SHA-256 of a 256-bit random key: nothing to guess, so nothing slow is needed.
    key_hash bytea NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('reader', 'registrar', 'reviewer', 'steward', 'admin')),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    -- The only source system it speaks for; NULL: it may name any.
    source text
);

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
    -- Where they are in the ledger.
    first_event_id bigint NOT NULL DEFAULT 0,
    last_event_id bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, source_id, outcome)
);

-- Who looked at or changed whom. Rows are only ever added.
CREATE TABLE audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    role text NOT NULL,
    action text NOT NULL,
    outcome text NOT NULL,
    enterprise_ids text[] NOT NULL DEFAULT '{}',
    -- Which fields were asked about, never their values.
    query_fields text[] NOT NULL DEFAULT '{}',
    result_count integer,
    reason text,
    request_id text
);
CREATE INDEX audit_at ON audit USING brin (at);

CREATE TABLE idempotency (
    scope text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    status smallint NOT NULL,
    response bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);

-- One file taken in, or one relink of all records; a chunk that is done is never done again.
CREATE TABLE batch (
    batch_id bigint PRIMARY KEY,
    kind text NOT NULL,
    file_name text,
    file_sha256 text,
    source text,
    state text NOT NULL CHECK (state IN ('running', 'done', 'failed', 'rolled_back')),
    lines_done bigint NOT NULL DEFAULT 0,
    counts json NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    reason text,
    rolled_back_at timestamptz,
    CONSTRAINT a_load_has_a_file CHECK (kind <> 'load' OR (file_name IS NOT NULL AND file_sha256 IS NOT NULL))
);
CREATE UNIQUE INDEX one_batch_per_file ON batch (file_sha256, coalesce(source, ''));

CREATE TABLE batch_line (
    batch_id bigint NOT NULL,
    line bigint NOT NULL,
    outcome text NOT NULL,
    enterprise_id text,
    field text,
    reason text,
    PRIMARY KEY (batch_id, line)
);

-- Links as they were before a relink changed them, so that it can be taken back exactly.
CREATE TABLE replaced_link (
    batch_id bigint NOT NULL,
    record_id bigint NOT NULL,
    enterprise_id text COLLATE "C" NOT NULL,
    decided_by text NOT NULL,
    weight real,
    probability real,
    with_record_id bigint,
    rule_hash text,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (batch_id, record_id)
);

-- Every HL7 v2 message with its outcome.
CREATE TABLE message (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL DEFAULT now(),
    -- 'in' from a sender, 'out' to a subscriber.
    direction text NOT NULL DEFAULT 'in' CHECK (direction IN ('in', 'out')),
    -- MSH-3 and MSH-4 as sent, or the subscriber's name.
    sender text NOT NULL,
    control_id text NOT NULL,
    -- Of the raw bytes: with sender and control ID it tells a repetition from another message.
    digest bytea NOT NULL,
    raw bytea NOT NULL,
    -- Bytes that came; more than raw holds when the message was too long to be read.
    size integer NOT NULL,
    peer text NOT NULL,
    -- How often it came or was sent, and when last.
    times integer NOT NULL DEFAULT 1,
    last_at timestamptz NOT NULL DEFAULT now(),
    -- NULL while it is being answered, and for ever if the answering process died.
    outcome text CHECK (outcome IN ('accepted', 'refused', 'failed')),
    -- Somebody should look: it was refused for good and is not mended yet.
    dead boolean NOT NULL DEFAULT false,
    reply bytea,
    acknowledgement text,
    message_type text,
    trigger_event text,
    source text,
    error_code text,
    error_text text,
    enterprise_ids text[] NOT NULL DEFAULT '{}',
    warnings text[] NOT NULL DEFAULT '{}',
    answered_at timestamptz,
    -- The message that this one mends.
    mends bigint
) WITH (fillfactor = 60);
-- A message that comes again is the same row.
CREATE UNIQUE INDEX message_once ON message (sender, control_id, digest);
CREATE INDEX message_age ON message (received_at);
CREATE INDEX message_dead ON message (message_id) WHERE dead;
CREATE INDEX message_mends ON message (mends) WHERE mends IS NOT NULL;

-- Systems that are told over HL7 v2 when identifiers change.
CREATE TABLE hl7_subscriber (
    name text PRIMARY KEY,
    settings json NOT NULL,
    -- Events up to here were told; those before it was declared never are.
    seq bigint NOT NULL,
    -- Failures in a row on what comes next, and when it is tried again.
    attempts integer NOT NULL DEFAULT 0,
    retry_at timestamptz,
    error text,
    delivered_at timestamptz
);

-- What a subscriber was last told an identity is called; the same is not told twice.
CREATE TABLE hl7_told (
    name text NOT NULL,
    enterprise_id text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (name, enterprise_id)
);

CREATE TABLE subscription (
    subscription_id bigint PRIMARY KEY,
    -- The client that asked for it.
    owner text NOT NULL,
    -- Whose changes: everybody's, or those of an ID or an identifier; and the words in which it was asked.
    criteria json NOT NULL,
    -- Where notices go, and how: as the subscriber wrote it, with the headers it wants sent.
    channel json NOT NULL,
    reason text NOT NULL,
    status text NOT NULL CHECK (status IN ('requested', 'active', 'error', 'off')),
    error text,
    version integer NOT NULL DEFAULT 1,
    -- Events up to here were looked at for it.
    after_seq bigint NOT NULL,
    ends_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX subscription_waiting ON subscription (after_seq) WHERE status <> 'off';

-- One event to be told to one subscriber; those of a subscriber go out in order.
CREATE TABLE notice (
    notice_id bigint PRIMARY KEY,
    subscription_id bigint NOT NULL,
    seq bigint NOT NULL,
    enterprise_ids text[] NOT NULL,
    record_id bigint,
    type text NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    -- Not before; also the lease of the process that is sending it.
    due_at timestamptz NOT NULL DEFAULT now(),
    error text,
    settled_at timestamptz,
    -- An event is told to a subscriber once.
    CONSTRAINT one_notice_per_event UNIQUE (subscription_id, seq)
);
CREATE INDEX notice_waiting ON notice (subscription_id, notice_id) WHERE state = 'waiting';
CREATE INDEX notice_dead ON notice (subscription_id, notice_id) WHERE state = 'dead';
CREATE INDEX notice_settled ON notice (settled_at) WHERE state = 'delivered';

CREATE TABLE schema_migration (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- Whether an open task belongs to a saved view of the desk: the one definition, by which views are listed and dealt
-- out. ``sla`` is an object of hours by kind, and ``least`` of them: it lets an index find what is overdue.
CREATE FUNCTION task_in_view(t task, view text, actor text, harm integer, sla jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
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

-- Writes a Change, whole: who is who, the questions for people, the ledger, and one audit row. The only way in which any
-- of it ever changes. ``doc`` holds the lists of mpi/identity/change.py, ``signed`` says who did it and why.
CREATE FUNCTION apply_change(doc json, signed json) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    who text := signed ->> 'actor';
    why text := signed ->> 'reason';
    rules text := signed ->> 'rule_hash';
BEGIN
    IF doc -> 'issued' IS NOT NULL THEN
        INSERT INTO identity (enterprise_id, status, surviving_id, successors)
        SELECT enterprise_id, status, surviving_id, coalesce(successors, '{}')
        FROM json_to_recordset(doc -> 'issued') AS x(enterprise_id text, status text, surviving_id text, successors text[]);
    END IF;
    IF doc -> 'identities' IS NOT NULL THEN
        UPDATE identity SET status = x.status, surviving_id = x.surviving_id, successors = coalesce(x.successors, '{}'),
            changed_at = now()
        FROM json_to_recordset(doc -> 'identities') AS x(enterprise_id text, status text, surviving_id text,
            successors text[])
        WHERE identity.enterprise_id = x.enterprise_id;
    END IF;
    IF doc -> 'links' IS NOT NULL THEN
        INSERT INTO link (record_id, enterprise_id, decided_by, weight, probability, with_record_id, rule_hash)
        SELECT record_id, to_id, decided_by, weight, probability, with_record_id, rules
        FROM json_to_recordset(doc -> 'links') AS x(record_id bigint, to_id text, decided_by text, weight real,
            probability real, with_record_id bigint)
        ON CONFLICT (record_id) DO UPDATE SET enterprise_id = EXCLUDED.enterprise_id, decided_by = EXCLUDED.decided_by,
            weight = EXCLUDED.weight, probability = EXCLUDED.probability, with_record_id = EXCLUDED.with_record_id,
            rule_hash = EXCLUDED.rule_hash, linked_at = now();
    END IF;
    IF doc -> 'undone_merges' IS NOT NULL THEN
        UPDATE merge SET undone_at = now(), undone_by = who, undo_reason = why
        FROM json_array_elements_text(doc -> 'undone_merges') AS id WHERE merge.merge_id = id::bigint;
    END IF;
    IF doc -> 'merges' IS NOT NULL THEN
        INSERT INTO merge (merge_id, surviving, subsumed, decided_by, actor, reason, moved_record_ids, kept_record_ids, task_id)
        SELECT merge_id, surviving, subsumed, decided_by, who, reason, moved_record_ids, kept_record_ids, task_id
        FROM json_to_recordset(doc -> 'merges') AS x(merge_id bigint, surviving text, subsumed text, decided_by text,
            reason text, moved_record_ids bigint[], kept_record_ids bigint[], task_id bigint);
    END IF;
    IF doc -> 'withdrawn' IS NOT NULL THEN
        UPDATE assertion SET withdrawn_at = now(), withdrawn_by = who, withdrawal_reason = why
        FROM json_array_elements_text(doc -> 'withdrawn') AS id WHERE assertion.assertion_id = id::bigint;
        UPDATE assertion_pair SET withdrawn = true
        FROM json_array_elements_text(doc -> 'withdrawn') AS id WHERE assertion_pair.assertion_id = id::bigint;
    END IF;
    IF doc -> 'withdrawn_pairs' IS NOT NULL THEN
        UPDATE assertion_pair p SET withdrawn = true
        FROM json_to_recordset(doc -> 'withdrawn_pairs') AS x(assertion_id bigint, record_a bigint, record_b bigint)
        WHERE p.assertion_id = x.assertion_id AND p.record_a = x.record_a AND p.record_b = x.record_b;
    END IF;
    IF doc -> 'assertions' IS NOT NULL THEN
        INSERT INTO assertion (assertion_id, verdict, reason, actor, merge_id, task_id)
        SELECT assertion_id, verdict, reason, who, merge_id, task_id
        FROM json_to_recordset(doc -> 'assertions') AS x(assertion_id bigint, verdict text, reason text, merge_id bigint,
            task_id bigint);
        INSERT INTO assertion_pair (assertion_id, record_a, record_b, verdict)
        SELECT assertion_id, record_a, record_b, verdict
        FROM json_to_recordset(doc -> 'pairs') AS x(assertion_id bigint, record_a bigint, record_b bigint, verdict text);
    END IF;
    IF doc -> 'task_changes' IS NOT NULL THEN
        -- Tasks that are re-pointed leave their places before any takes another's; what is answered goes next, so that
        -- each finds its new place free.
        UPDATE task SET identity_b = NULL
        FROM json_to_recordset(doc -> 'task_changes') AS x(task_id bigint, identity_a text, identity_b text, state text)
        WHERE task.task_id = x.task_id AND task.state <> 'resolved' AND x.state <> 'resolved'
            AND (task.identity_a, task.identity_b) IS DISTINCT FROM (x.identity_a, x.identity_b);
        FOR step IN 1..2 LOOP
            UPDATE task SET identity_a = x.identity_a, identity_b = x.identity_b, state = x.state, version = version + 1,
                resolution = x.resolution,
                resolution_reason = CASE WHEN x.state = 'resolved' THEN why END,
                resolved_by = CASE WHEN x.state = 'resolved' THEN who END,
                resolved_at = CASE WHEN x.state = 'resolved' THEN now() END,
                claimed_by = CASE WHEN x.state = 'claimed' THEN claimed_by END,
                claim_expires_at = CASE WHEN x.state = 'claimed' THEN claim_expires_at END
            FROM json_to_recordset(doc -> 'task_changes') AS x(task_id bigint, identity_a text, identity_b text, state text,
                resolution text)
            WHERE task.task_id = x.task_id AND (x.state = 'resolved') = (step = 1);
        END LOOP;
        -- Nobody will be asked any more about an update that is still held: it is overtaken.
        UPDATE held_update h SET outcome = 'superseded'
        FROM json_to_recordset(doc -> 'task_changes') AS x(task_id bigint, state text)
        WHERE h.task_id = x.task_id AND x.state = 'resolved' AND h.outcome IS NULL;
    END IF;
    IF doc -> 'tasks' IS NOT NULL THEN
        INSERT INTO task (task_id, kind, identity_a, identity_b, record_ids, weight, probability, guards, priority, rule_hash)
        SELECT task_id, kind, identity_a, identity_b, record_ids, weight, probability, guards, priority, rules
        FROM json_to_recordset(doc -> 'tasks') AS x(task_id bigint, kind text, identity_a text, identity_b text,
            record_ids bigint[], weight real, probability real, guards text[], priority smallint);
    END IF;
    IF doc -> 'events' IS NOT NULL THEN
        INSERT INTO event (type, actor, enterprise_id, other_enterprise_id, record_id, merge_id, task_id, assertion_id,
            batch_id, data)
        SELECT type, who, enterprise_id, other_enterprise_id, record_id, merge_id, task_id, assertion_id,
            (signed ->> 'batch_id')::bigint, data
        FROM json_to_recordset(doc -> 'events') AS x(type text, enterprise_id text, other_enterprise_id text,
            record_id bigint, merge_id bigint, task_id bigint, assertion_id bigint, data json);
    END IF;
    INSERT INTO audit (actor, role, action, outcome, enterprise_ids, result_count, reason, request_id)
    SELECT actor, role, action, outcome, enterprise_ids, result_count, reason, request_id
    FROM json_to_record(signed) AS x(actor text, role text, action text, outcome text, enterprise_ids text[],
        result_count integer, reason text, request_id text);
END
$$;

-- Stores new records with the identities they were assigned, if what that was decided on still holds: one call, one
-- round trip, one transaction. Returns false, and writes nothing, when the world changed since the look.
-- ``lock_numbers``: whoever is about to create an identity holds its blocking keys, so that a twin request waits and then
-- finds the record; NULL where nobody else can be creating one. ``seen``: the records that shared a key, at the look.
CREATE FUNCTION register(
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

-- Records by their search terms, at most so many; ``further`` is decided on what ``wanted`` found. Without a sequential
-- scan, whatever the planner thinks of the terms: their number is bounded, a scan of the table is not.
CREATE FUNCTION records_by_terms(wanted tsquery, further tsquery, record_max integer, retired_too boolean)
RETURNS SETOF bigint LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT record_id FROM record WHERE terms @@ wanted AND (further IS NULL OR ts_match_vq(terms, further))
        AND (retired_too OR NOT retired) LIMIT record_max
$$;

-- The same in the order of enterprise IDs, a page at a time: for terms that so many records have that walking along the
-- identities soon meets enough of them.
CREATE FUNCTION identities_by_terms(wanted tsquery, after_id text, identity_max integer) RETURNS SETOF text
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_sort = off AS $$
    SELECT l.enterprise_id FROM link l JOIN record r ON r.record_id = l.record_id
    WHERE l.enterprise_id > after_id COLLATE "C" AND NOT r.retired AND (wanted IS NULL OR r.terms @@ wanted)
    GROUP BY l.enterprise_id ORDER BY l.enterprise_id LIMIT identity_max
$$;
