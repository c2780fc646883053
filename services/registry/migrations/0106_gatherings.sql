-- migrate:up

-- agenda: [{"starts_at", "ends_at", "title", "kind", "speaker"}]; signed_up, attended, and the seats of each table:
-- [{"municipality_id", "party", "count"}]; evaluation: [{"question", "answers": {answer: count}}]. No names of persons.
CREATE TABLE gathering (
    gathering_id              text        NOT NULL,
    version                   integer     NOT NULL,
    programme_id              text        NOT NULL,
    network_id                text,
    kind                      text        NOT NULL,
    names                     jsonb       NOT NULL,
    starts_at                 timestamptz NOT NULL,
    ends_at                   timestamptz NOT NULL,
    place                     text        NOT NULL,
    agenda                    jsonb       NOT NULL,
    expected_municipality_ids text[]      NOT NULL,
    expected_parties          text[]      NOT NULL,
    signed_up                 jsonb       NOT NULL,
    attended                  jsonb       NOT NULL,
    observers                 integer     NOT NULL,
    panel                     text[]      NOT NULL,
    tables                    jsonb,
    questions                 text[]      NOT NULL,
    evaluation                jsonb       NOT NULL,
    state                     text        NOT NULL,
    reason                    text,
    CONSTRAINT gathering_pk PRIMARY KEY (gathering_id),
    CONSTRAINT gathering_version_positive CHECK (version >= 1),
    CONSTRAINT gathering_of FOREIGN KEY (programme_id) REFERENCES programme (programme_id),
    CONSTRAINT gathering_network FOREIGN KEY (network_id) REFERENCES network (network_id),
    CONSTRAINT gathering_forward CHECK (ends_at > starts_at),
    CONSTRAINT gathering_observers CHECK (observers >= 0),
    CONSTRAINT gathering_state_known CHECK (state IN ('scheduled', 'cancelled', 'held'))
);
CREATE INDEX gathering_by_programme ON gathering (programme_id);
CREATE INDEX gathering_by_network ON gathering (network_id);

-- migrate:down
