-- name: add_version(form_id, version, report_kind, valid_for, names, definition, published_at)$
-- Of two who publish the same version at once, the second waits for the first and adds nothing.
INSERT INTO form_version (form_id, version, report_kind, valid_for, names, definition, digest, published_at)
VALUES (:form_id, :version, :report_kind, :valid_for::jsonb, :names::jsonb, :definition::jsonb,
        encode(sha256(convert_to(:definition::jsonb::text, 'UTF8')), 'hex'), :published_at)
ON CONFLICT ON CONSTRAINT form_version_pk DO NOTHING
RETURNING digest;

-- name: find_version(form_id, version)^
SELECT form_id, version, report_kind, valid_for::text AS valid_for, names::text AS names,
       definition::text AS definition, digest, published_at
  FROM form_version
 WHERE form_id = :form_id
   AND version = :version;

-- name: is_same(form_id, version, definition)$
SELECT definition = :definition::jsonb
  FROM form_version
 WHERE form_id = :form_id
   AND version = :version;

-- name: newest_version(form_id)$
SELECT max(version)
  FROM form_version
 WHERE form_id = :form_id;

-- name: list_newest(after, count)
-- The newest version of each form, without its definition.
SELECT DISTINCT ON (form_id) form_id, version, report_kind, valid_for::text AS valid_for, names::text AS names,
       digest, published_at
  FROM form_version
 WHERE form_id > :after
 ORDER BY form_id, version DESC
 LIMIT :count;
