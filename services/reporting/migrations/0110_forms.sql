-- migrate:up

-- Published versions of forms. A version never changes; `digest` is over the definition as the database writes it.
CREATE TABLE form_version (
    form_id      text        NOT NULL,
    version      integer     NOT NULL,
    report_kind  text        NOT NULL,
    valid_for    jsonb       NOT NULL,
    names        jsonb       NOT NULL,
    definition   jsonb       NOT NULL,
    digest       text        NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT form_version_pk PRIMARY KEY (form_id, version),
    CONSTRAINT form_version_number CHECK (version >= 1)
);

-- migrate:down
