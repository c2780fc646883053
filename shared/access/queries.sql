-- name: put_publisher(organisation_number, version, name, may_speak_for, keys, revoked_at)!
INSERT INTO known_publisher AS p (organisation_number, version, name, may_speak_for, keys, revoked_at)
VALUES (:organisation_number, :version, :name, :may_speak_for::jsonb, :keys::jsonb, :revoked_at)
ON CONFLICT ON CONSTRAINT known_publisher_pk DO UPDATE
   SET version = excluded.version, name = excluded.name, may_speak_for = excluded.may_speak_for,
       keys = excluded.keys, revoked_at = excluded.revoked_at
 WHERE p.version < excluded.version;

-- name: find_publisher_by_key(key_id)^
SELECT organisation_number, name, may_speak_for::text AS may_speak_for, keys::text AS keys, revoked_at
  FROM known_publisher
 WHERE keys @> jsonb_build_array(jsonb_build_object('key_id', :key_id::text));

-- name: list_publishers(organisation_numbers)
SELECT organisation_number, may_speak_for::text AS may_speak_for, revoked_at
  FROM known_publisher
 WHERE organisation_number = ANY(:organisation_numbers::text[]);

-- name: put_key_uses(key_ids, organisation_numbers, used_ats)!
-- Replicas write about the same keys; the later use stays, whoever comes last. Ordered, so that they do not deadlock.
INSERT INTO key_use AS k (key_id, organisation_number, last_used_at)
SELECT t.key_id, t.organisation_number, t.used_at
  FROM unnest(:key_ids::text[], :organisation_numbers::text[], :used_ats::timestamptz[])
       AS t (key_id, organisation_number, used_at)
 ORDER BY t.key_id
ON CONFLICT ON CONSTRAINT key_use_pk DO UPDATE
   SET last_used_at = excluded.last_used_at
 WHERE k.last_used_at < excluded.last_used_at;

-- name: list_key_uses(organisation_number)
SELECT key_id, last_used_at
  FROM key_use
 WHERE organisation_number = :organisation_number;

-- name: put_person(person_id, version, roles, sessions_valid_from)!
-- An older state never overwrites a newer one, and who was erased stays so.
INSERT INTO known_person AS p (person_id, version, roles, sessions_valid_from)
SELECT :person_id, :version, :roles, :sessions_valid_from
 WHERE NOT EXISTS (SELECT FROM erased_person AS e WHERE e.person_id = :person_id)
ON CONFLICT (person_id) DO UPDATE
   SET version = excluded.version, roles = excluded.roles, sessions_valid_from = excluded.sessions_valid_from
 WHERE p.version < excluded.version;

-- name: find_person(person_id)^
SELECT person_id, version, roles, sessions_valid_from FROM known_person WHERE person_id = :person_id;

-- name: erase_person(person_id, erased_at)!
WITH erased AS (
    INSERT INTO erased_person (person_id, erased_at) VALUES (:person_id, :erased_at)
    ON CONFLICT (person_id) DO NOTHING
)
DELETE FROM known_person WHERE person_id = :person_id;
