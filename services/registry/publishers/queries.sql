-- name: list_publishers(organisation_numbers)
SELECT organisation_number, version, name, revoked_at
  FROM publisher
 WHERE organisation_number = ANY(:organisation_numbers::text[])
 ORDER BY organisation_number;

-- name: list_mandates(organisation_numbers)
SELECT organisation_number, municipality_id, mandate_from, mandate_to
  FROM publisher_mandate
 WHERE organisation_number = ANY(:organisation_numbers::text[])
 ORDER BY organisation_number, position;

-- name: list_keys(organisation_numbers)
SELECT organisation_number, key_id, hash, created_at, expires_at, revoked_at
  FROM publisher_key
 WHERE organisation_number = ANY(:organisation_numbers::text[])
 ORDER BY organisation_number, created_at, key_id;

-- name: seek_organisation_numbers(after, count)
SELECT organisation_number
  FROM publisher
 WHERE organisation_number > :after
 ORDER BY organisation_number
 LIMIT :count;

-- name: put_publisher_row(organisation_number, version, name, revoked_at)!
INSERT INTO publisher (organisation_number, version, name, revoked_at)
VALUES (:organisation_number, :version, :name, :revoked_at)
ON CONFLICT ON CONSTRAINT publisher_pk DO UPDATE
   SET version = excluded.version, name = excluded.name, revoked_at = excluded.revoked_at;

-- name: remove_mandates(organisation_number)!
DELETE FROM publisher_mandate
 WHERE organisation_number = :organisation_number;

-- name: add_mandates(organisation_number, municipality_ids, mandate_from, mandate_to)!
INSERT INTO publisher_mandate (organisation_number, position, municipality_id, mandate_from, mandate_to)
SELECT :organisation_number, t.position, t.municipality_id, t.mandate_from, t.mandate_to
  FROM unnest(:municipality_ids::text[], :mandate_from::date[], :mandate_to::date[])
       WITH ORDINALITY AS t (municipality_id, mandate_from, mandate_to, position);

-- name: put_keys(organisation_number, key_ids, hashes, created_at, expires_at, revoked_at)!
INSERT INTO publisher_key (key_id, organisation_number, hash, created_at, expires_at, revoked_at)
SELECT t.key_id, :organisation_number, t.hash, t.created_at, t.expires_at, t.revoked_at
  FROM unnest(:key_ids::text[], :hashes::text[], :created_at::timestamptz[], :expires_at::timestamptz[],
              :revoked_at::timestamptz[])
       AS t (key_id, hash, created_at, expires_at, revoked_at)
ON CONFLICT ON CONSTRAINT publisher_key_pk DO UPDATE
   SET revoked_at = excluded.revoked_at;
