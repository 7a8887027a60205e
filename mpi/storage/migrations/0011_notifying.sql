-- Whom changes are told, and what is still to be told.

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
