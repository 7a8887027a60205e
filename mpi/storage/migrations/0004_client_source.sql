-- A client that speaks for one source system, and no other.

ALTER TABLE api_client ADD COLUMN source text;
