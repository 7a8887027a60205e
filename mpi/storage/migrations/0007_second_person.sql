-- The review desk: who approves a merge that may do much harm, and blind second readings.

ALTER TABLE task DROP CONSTRAINT task_state_check;
ALTER TABLE task ADD CONSTRAINT task_state_check CHECK (state IN ('open', 'claimed', 'awaiting_approval', 'resolved'));

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
