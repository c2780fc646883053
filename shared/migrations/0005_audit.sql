-- migrate:up

-- Who changed what, when, from where and why; written in the transaction of the change. Rows are never changed.
CREATE TABLE audit_entry (
    entry_id   bigint      GENERATED ALWAYS AS IDENTITY,
    noted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    who        text        NOT NULL,
    source     text        NOT NULL,
    request_id uuid,
    action     text        NOT NULL,
    object     text        NOT NULL,
    reason     text,
    after      jsonb,
    CONSTRAINT audit_entry_pk PRIMARY KEY (entry_id)
);
CREATE INDEX audit_entry_object ON audit_entry (object, entry_id);

-- The chain: each seal's hash covers the seal before it and one entry, so that nothing can be changed, taken out or put
-- in between without breaking every later one. Seals follow the order in which entries became visible.
CREATE TABLE audit_seal (
    seal     bigint NOT NULL,
    entry_id bigint NOT NULL,
    hash     bytea  NOT NULL,
    CONSTRAINT audit_seal_pk PRIMARY KEY (seal),
    CONSTRAINT audit_seal_entry UNIQUE (entry_id),
    CONSTRAINT audit_seal_of FOREIGN KEY (entry_id) REFERENCES audit_entry (entry_id),
    CONSTRAINT audit_seal_hash CHECK (octet_length(hash) = 32)
);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % on % is refused', tg_op, tg_table_name;
END
$$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- New tables are given to the service's role with all rights on rows; these two are not.
DO $$
DECLARE
    grantee text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT g.grantee
          FROM information_schema.role_table_grants AS g
         WHERE g.table_name IN ('audit_entry', 'audit_seal') AND g.grantee NOT IN (current_user, 'PUBLIC')
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry, audit_seal FROM %I', grantee);
    END LOOP;
END
$$;

-- migrate:down
