-- Quizzes: the bank of questions, sessions with their answers, and what students practise. What
-- must never happen is refused here, whatever a program does: two answers of one person to one
-- question, an answer that comes late, an answer of somebody who isn't a member, a question that
-- nobody approved.

-- What a server has set. Who has no role by this falls back on Discord's permissions.
CREATE TABLE quiz_settings (
    server_id      INTEGER PRIMARY KEY NOT NULL,
    review_channel INTEGER,
    tutor_role     INTEGER,
    student_role   INTEGER
) STRICT;

-- The bank: drafts, approved questions, and those that are no longer asked.
CREATE TABLE quiz_items (
    id             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    -- Whose bank; 0 is the shell's.
    server_id      INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    -- JSON of the question with its key.
    content        TEXT    NOT NULL,
    -- What two questions share that ask the same.
    fingerprint    TEXT    NOT NULL,
    -- The words that it is searched by, in lower case.
    words          TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('draft', 'approved', 'rejected', 'retired')),
    -- Grows with each change: who decides names the one they have seen.
    revision       INTEGER NOT NULL DEFAULT 1,
    -- Who made it and who decided last; nothing when they had their data deleted.
    made_by        INTEGER,
    made_ms        INTEGER NOT NULL,
    decided_by     INTEGER,
    decided_ms     INTEGER,
    -- Its message in the review channel.
    review_channel INTEGER,
    review_message INTEGER,
    UNIQUE (server_id, fingerprint)
) STRICT;

CREATE INDEX quiz_items_by_state ON quiz_items (server_id, state, id);
CREATE INDEX quiz_items_by_maker ON quiz_items (made_by);

-- Named sets of questions, in their order.
CREATE TABLE quiz_sets (
    id             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    server_id INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    -- The name that it is found by, in lower case.
    key       TEXT    NOT NULL,
    made_by   INTEGER,
    made_ms   INTEGER NOT NULL,
    UNIQUE (server_id, key)
) STRICT;

CREATE TABLE quiz_set_items (
    set_id  INTEGER NOT NULL REFERENCES quiz_sets (id) ON DELETE CASCADE,
    place   INTEGER NOT NULL,
    item_id INTEGER NOT NULL REFERENCES quiz_items (id),
    PRIMARY KEY (set_id, place),
    UNIQUE (set_id, item_id)
) STRICT;

CREATE TABLE quiz_sessions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    server_id  INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    -- What it is called: the set's name.
    title      TEXT    NOT NULL,
    started_by INTEGER,
    course     TEXT    NOT NULL CHECK (course IN ('running', 'paused', 'ended')),
    -- Place of the current question, from 0.
    place      INTEGER NOT NULL DEFAULT 0,
    -- Grows with each step: who presses names the one they have seen.
    revision   INTEGER NOT NULL DEFAULT 1,
    -- Seconds for each question.
    timer_s    INTEGER CHECK (timer_s > 0),
    -- Milliseconds that were left of the current question when it was paused.
    left_ms    INTEGER,
    anonymous  INTEGER NOT NULL CHECK (anonymous IN (0, 1)),
    created_ms INTEGER NOT NULL,
    ended_ms   INTEGER,
    -- The message of its board; 0 if there is nowhere to post it, nothing while it is owed.
    board_message INTEGER,
    UNIQUE (id, server_id)
) STRICT;

-- One session a channel, and as many channels as there are.
CREATE UNIQUE INDEX quiz_sessions_in_channel ON quiz_sessions (channel_id) WHERE course <> 'ended';
CREATE INDEX quiz_sessions_by_server ON quiz_sessions (server_id, id);

-- The questions of a session as they stood when it began: a later edit changes nothing in it.
CREATE TABLE quiz_questions (
    session_id  INTEGER NOT NULL REFERENCES quiz_sessions (id) ON DELETE CASCADE,
    place       INTEGER NOT NULL,
    item_id     INTEGER NOT NULL REFERENCES quiz_items (id),
    content     TEXT    NOT NULL,
    phase       TEXT    NOT NULL CHECK (phase IN ('waiting', 'open', 'revealed', 'skipped')),
    opened_ms   INTEGER,
    -- When it closes by itself.
    closes_ms   INTEGER,
    revealed_ms INTEGER,
    -- Its message.
    message_id  INTEGER,
    PRIMARY KEY (session_id, place)
) STRICT;

CREATE UNIQUE INDEX quiz_questions_open ON quiz_questions (session_id) WHERE phase = 'open';
CREATE INDEX quiz_questions_by_item ON quiz_questions (item_id);

-- Who takes part. A member belongs to the session's own server.
CREATE TABLE quiz_members (
    session_id INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    server_id  INTEGER NOT NULL,
    joined_ms  INTEGER NOT NULL,
    -- 1 who is named on the board.
    named      INTEGER NOT NULL DEFAULT 1 CHECK (named IN (0, 1)),
    PRIMARY KEY (session_id, user_id),
    FOREIGN KEY (session_id, server_id) REFERENCES quiz_sessions (id, server_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX quiz_members_by_user ON quiz_members (user_id);

-- One answer a person and question, by a member, changed once at most.
CREATE TABLE quiz_answers (
    session_id  INTEGER NOT NULL,
    place       INTEGER NOT NULL,
    user_id     INTEGER NOT NULL,
    -- JSON of the answer.
    answer      TEXT    NOT NULL,
    changes     INTEGER NOT NULL DEFAULT 0 CHECK (changes IN (0, 1)),
    answered_ms INTEGER NOT NULL,
    -- Thousandths of the score that the tutor gave to an open answer, and who did.
    mark        INTEGER CHECK (mark BETWEEN 0 AND 1000),
    marked_by   INTEGER,
    PRIMARY KEY (session_id, place, user_id),
    FOREIGN KEY (session_id, place) REFERENCES quiz_questions (session_id, place) ON DELETE CASCADE,
    FOREIGN KEY (session_id, user_id) REFERENCES quiz_members (session_id, user_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX quiz_answers_by_user ON quiz_answers (user_id);

-- What each student practises, by FSRS-6.
CREATE TABLE quiz_cards (
    user_id    INTEGER NOT NULL,
    item_id    INTEGER NOT NULL REFERENCES quiz_items (id) ON DELETE CASCADE,
    -- Nothing before the first answer.
    stability  REAL,
    difficulty REAL,
    last_ms    INTEGER,
    due_ms     INTEGER NOT NULL,
    answers    INTEGER NOT NULL DEFAULT 0,
    missed     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, item_id)
) STRICT;

CREATE INDEX quiz_cards_due ON quiz_cards (user_id, due_ms);

-- Each answer that was practised.
CREATE TABLE quiz_reviews (
    id             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id     INTEGER NOT NULL,
    item_id     INTEGER NOT NULL REFERENCES quiz_items (id) ON DELETE CASCADE,
    answer      TEXT    NOT NULL,
    -- Thousandths.
    score       INTEGER NOT NULL,
    -- 1 to 4, as FSRS has it.
    rating      INTEGER NOT NULL,
    answered_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX quiz_reviews_by_user ON quiz_reviews (user_id, answered_ms);

-- What a student has chosen: 1 who wants to see how many days in a row they have practised.
CREATE TABLE quiz_learners (
    user_id INTEGER PRIMARY KEY NOT NULL,
    streak  INTEGER NOT NULL DEFAULT 0 CHECK (streak IN (0, 1))
) STRICT;

-- Every act of a tutor. Nothing is changed or deleted here, but for the name of who had their data
-- deleted.
CREATE TABLE quiz_acts (
    id             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    server_id  INTEGER NOT NULL,
    actor      INTEGER,
    act        TEXT    NOT NULL,
    item_id    INTEGER,
    session_id INTEGER,
    -- A few words, such as why something was rejected; never what a student wrote.
    details    TEXT    NOT NULL DEFAULT '',
    at_ms      INTEGER NOT NULL
) STRICT;

CREATE INDEX quiz_acts_by_item ON quiz_acts (item_id);
CREATE INDEX quiz_acts_by_server ON quiz_acts (server_id, id);
CREATE INDEX quiz_acts_by_actor ON quiz_acts (actor);

CREATE TRIGGER quiz_questions_approved BEFORE INSERT ON quiz_questions
WHEN NOT EXISTS (
    SELECT 1 FROM quiz_items i JOIN quiz_sessions s ON s.server_id = i.server_id
    WHERE i.id = NEW.item_id AND s.id = NEW.session_id AND i.state = 'approved')
BEGIN
    SELECT RAISE(ABORT, 'quiz: not approved');
END;

CREATE TRIGGER quiz_members_late BEFORE INSERT ON quiz_members
WHEN NOT EXISTS (SELECT 1 FROM quiz_sessions WHERE id = NEW.session_id AND course <> 'ended')
BEGIN
    SELECT RAISE(ABORT, 'quiz: ended');
END;

CREATE TRIGGER quiz_answers_open BEFORE INSERT ON quiz_answers
WHEN NOT EXISTS (
    SELECT 1 FROM quiz_questions q JOIN quiz_sessions s ON s.id = q.session_id
    WHERE q.session_id = NEW.session_id AND q.place = NEW.place AND q.phase = 'open'
      AND s.course = 'running' AND (q.closes_ms IS NULL OR NEW.answered_ms < q.closes_ms))
BEGIN
    SELECT RAISE(ABORT, 'quiz: closed');
END;

-- Nor does INSERT OR REPLACE put one answer in place of another.
CREATE TRIGGER quiz_answers_twice BEFORE INSERT ON quiz_answers
WHEN EXISTS (
    SELECT 1 FROM quiz_answers
    WHERE session_id = NEW.session_id AND place = NEW.place AND user_id = NEW.user_id)
BEGIN
    SELECT RAISE(ABORT, 'quiz: answered');
END;

-- An answer belongs to who gave it; it changes once, and not after its question was closed.
CREATE TRIGGER quiz_answers_change
BEFORE UPDATE OF session_id, place, user_id, answer, changes, answered_ms ON quiz_answers
WHEN NEW.session_id <> OLD.session_id OR NEW.place <> OLD.place OR NEW.user_id <> OLD.user_id
    OR OLD.changes <> 0 OR NEW.changes <> 1
    OR NOT EXISTS (
        SELECT 1 FROM quiz_questions q JOIN quiz_sessions s ON s.id = q.session_id
        WHERE q.session_id = NEW.session_id AND q.place = NEW.place AND q.phase = 'open'
          AND s.course = 'running' AND (q.closes_ms IS NULL OR NEW.answered_ms < q.closes_ms))
BEGIN
    SELECT RAISE(ABORT, 'quiz: closed');
END;

-- What was revealed or skipped stays so.
CREATE TRIGGER quiz_questions_reopened BEFORE UPDATE OF phase ON quiz_questions
WHEN OLD.phase IN ('revealed', 'skipped') AND NEW.phase <> OLD.phase
BEGIN
    SELECT RAISE(ABORT, 'quiz: closed');
END;

CREATE TRIGGER quiz_sessions_reopened BEFORE UPDATE OF course ON quiz_sessions
WHEN OLD.course = 'ended' AND NEW.course <> 'ended'
BEGIN
    SELECT RAISE(ABORT, 'quiz: ended');
END;

CREATE TRIGGER quiz_acts_kept BEFORE DELETE ON quiz_acts
BEGIN
    SELECT RAISE(ABORT, 'quiz: acts are kept');
END;

CREATE TRIGGER quiz_acts_unchanged BEFORE UPDATE ON quiz_acts
WHEN NEW.id <> OLD.id OR NEW.server_id <> OLD.server_id OR NEW.actor IS NOT NULL
    OR NEW.act <> OLD.act OR NEW.item_id IS NOT OLD.item_id
    OR NEW.session_id IS NOT OLD.session_id OR NEW.details <> OLD.details
    OR NEW.at_ms <> OLD.at_ms
BEGIN
    SELECT RAISE(ABORT, 'quiz: acts are kept');
END;
