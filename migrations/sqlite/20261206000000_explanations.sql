-- What the buttons under an explanation need after a restart, and what tutors read of it. Of a
-- picture that somebody brought nothing is stored but the words and entries that it led to.
CREATE TABLE explanations (
    id           TEXT    PRIMARY KEY NOT NULL,
    -- Who asked; a Discord id, an SQLite integer holds it whole.
    user_id      INTEGER NOT NULL,
    -- Where: the server, 0 in a direct message, and the channel.
    server_id    INTEGER NOT NULL,
    channel_id   INTEGER NOT NULL,
    -- JSON of the last turns, this one among them: what each was about (words, or an entry; of a
    -- picture only that it was one), what was asked of it, for whom and in which form.
    conversation TEXT    NOT NULL,
    -- JSON of the kind of answer, of its sentences with the numbers of their sources, of the
    -- entries behind these numbers, and of the concepts that a picture scores on.
    kind         TEXT    NOT NULL,
    sentences    TEXT    NOT NULL,
    sources      TEXT    NOT NULL,
    concepts     TEXT    NOT NULL,
    -- Seconds since 1970.
    created_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX explanations_by_user ON explanations (user_id);
CREATE INDEX explanations_by_age ON explanations (created_at);
CREATE INDEX explanations_by_server ON explanations (server_id, created_at);

-- What people thought of an explanation: one vote a person, the last one counts.
CREATE TABLE explanation_votes (
    explanation_id TEXT    NOT NULL REFERENCES explanations (id) ON DELETE CASCADE,
    user_id        INTEGER NOT NULL,
    is_helpful     INTEGER NOT NULL CHECK (is_helpful IN (0, 1)),
    PRIMARY KEY (explanation_id, user_id)
) STRICT;

CREATE INDEX explanation_votes_by_user ON explanation_votes (user_id);
