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
