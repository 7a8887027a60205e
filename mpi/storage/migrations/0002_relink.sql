-- Grouping all records anew is a batch, and can be taken back.

ALTER TABLE batch
    ALTER COLUMN file_name DROP NOT NULL,
    ALTER COLUMN file_sha256 DROP NOT NULL,
    ADD COLUMN reason text,
    ADD COLUMN rolled_back_at timestamptz,
    DROP CONSTRAINT batch_state_check,
    ADD CONSTRAINT batch_state_check CHECK (state IN ('running', 'done', 'failed', 'rolled_back')),
    ADD CONSTRAINT a_load_has_a_file CHECK (kind <> 'load' OR (file_name IS NOT NULL AND file_sha256 IS NOT NULL));

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
