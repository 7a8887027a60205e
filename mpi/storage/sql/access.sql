-- name: add_client
-- A revoked name may be used again; its old key stays refused, for its hash is gone.
INSERT INTO api_client (name, role, key_hash, source) VALUES (%(name)s, %(role)s, %(key_hash)s, %(source)s)
ON CONFLICT (name) DO UPDATE SET role = EXCLUDED.role, key_hash = EXCLUDED.key_hash, source = EXCLUDED.source,
    created_at = now(), revoked_at = NULL
    WHERE api_client.revoked_at IS NOT NULL
RETURNING client_id

-- name: clients
-- Without keys.
SELECT name, role, created_at, revoked_at, source FROM api_client ORDER BY name

-- name: revoke_client
-- It bites at once.
UPDATE api_client SET revoked_at = now() WHERE name = %(name)s AND revoked_at IS NULL RETURNING client_id

-- name: client_of_key
-- Asked on every authenticated request that is not cached.
SELECT name, role, source FROM api_client WHERE key_hash = %(key_hash)s AND revoked_at IS NULL
