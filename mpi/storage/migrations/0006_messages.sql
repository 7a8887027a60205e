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
