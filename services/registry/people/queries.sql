-- name: find_person(person_id)^
SELECT person_id, version, display_name, email, language, roles, sessions_valid_from
  FROM person
 WHERE person_id = :person_id;

-- name: find_person_by_email(email)^
SELECT person_id, version, display_name, email, language, roles, sessions_valid_from
  FROM person
 WHERE email = :email;

-- name: list_people(programme, project, after_name, after_id, count)
-- People with a role in a programme or a project, by name; ended roles count, so that one sees who was.
SELECT person_id, version, display_name, email, language, roles, sessions_valid_from
  FROM person
 WHERE (:programme::text IS NULL
        OR roles @> jsonb_build_array(jsonb_build_object('scope', jsonb_build_object('programme', :programme::text))))
   AND (:project::text IS NULL
        OR roles @> jsonb_build_array(jsonb_build_object('scope', jsonb_build_object('project', :project::text))))
   AND (lower(display_name), person_id) > (:after_name, :after_id::uuid)
 ORDER BY lower(display_name), person_id
 LIMIT :count;

-- name: put_person_row(person_id, version, display_name, email, language, roles, sessions_valid_from)!
INSERT INTO person (person_id, version, display_name, email, language, roles, sessions_valid_from)
VALUES (:person_id, :version, :display_name, :email, :language, :roles, :sessions_valid_from)
ON CONFLICT ON CONSTRAINT person_pk DO UPDATE
   SET version = excluded.version, display_name = excluded.display_name, email = excluded.email,
       language = excluded.language, roles = excluded.roles, sessions_valid_from = excluded.sessions_valid_from;

-- name: remove_person(person_id)!
DELETE FROM person WHERE person_id = :person_id;

-- name: list_unforgotten()
-- Whom the log says to forget, and whom a restored database still has.
SELECT p.person_id FROM person AS p JOIN erased_person AS e USING (person_id);
