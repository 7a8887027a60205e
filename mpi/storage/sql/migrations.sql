-- name: applied_migrations
-- What this database has been through.
SELECT version, checksum FROM schema_migration ORDER BY version

-- name: migration_applied
-- Written in the migration's own transaction.
INSERT INTO schema_migration (version, name, checksum) VALUES (%s, %s, %s)
