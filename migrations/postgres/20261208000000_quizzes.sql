-- Quizzes: the bank of questions, sessions with their answers, and what students practise. What
-- must never happen is refused here, whatever a program does: two answers of one person to one
-- question, an answer that comes late, an answer of somebody who isn't a member, a question that
-- nobody approved.

-- What a server has set. Who has no role by this falls back on Discord's permissions.
CREATE TABLE quiz_settings (
    server_id      BIGINT PRIMARY KEY NOT NULL,
    review_channel BIGINT,
    tutor_role     BIGINT,
    student_role   BIGINT
);

-- The bank: drafts, approved questions, and those that are no longer asked.
CREATE TABLE quiz_items (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Whose bank; 0 is the shell's.
    server_id      BIGINT NOT NULL,
    kind           TEXT    NOT NULL,
    -- JSON of the question with its key.
    content        TEXT    NOT NULL,
    -- What two questions share that ask the same.
    fingerprint    TEXT    NOT NULL,
    -- The words that it is searched by, in lower case.
    words          TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('draft', 'approved', 'rejected', 'retired')),
    -- Grows with each change: who decides names the one they have seen.
    revision       BIGINT NOT NULL DEFAULT 1,
    -- Who made it and who decided last; nothing when they had their data deleted.
    made_by        BIGINT,
    made_ms        BIGINT NOT NULL,
    decided_by     BIGINT,
    decided_ms     BIGINT,
    -- Its message in the review channel.
    review_channel BIGINT,
    review_message BIGINT,
    UNIQUE (server_id, fingerprint)
);

CREATE INDEX quiz_items_by_state ON quiz_items (server_id, state, id);
CREATE INDEX quiz_items_by_maker ON quiz_items (made_by);

-- Named sets of questions, in their order.
CREATE TABLE quiz_sets (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server_id BIGINT NOT NULL,
    name      TEXT    NOT NULL,
    -- The name that it is found by, in lower case.
    key       TEXT    NOT NULL,
    made_by   BIGINT,
    made_ms   BIGINT NOT NULL,
    UNIQUE (server_id, key)
);

CREATE TABLE quiz_set_items (
    set_id  BIGINT NOT NULL REFERENCES quiz_sets (id) ON DELETE CASCADE,
    place   BIGINT NOT NULL,
    item_id BIGINT NOT NULL REFERENCES quiz_items (id),
    PRIMARY KEY (set_id, place),
    UNIQUE (set_id, item_id)
);

CREATE TABLE quiz_sessions (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server_id  BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    -- What it is called: the set's name.
    title      TEXT    NOT NULL,
    started_by BIGINT,
    course     TEXT    NOT NULL CHECK (course IN ('running', 'paused', 'ended')),
    -- Place of the current question, from 0.
    place      BIGINT NOT NULL DEFAULT 0,
    -- Grows with each step: who presses names the one they have seen.
    revision   BIGINT NOT NULL DEFAULT 1,
    -- Seconds for each question.
    timer_s    BIGINT CHECK (timer_s > 0),
    -- Milliseconds that were left of the current question when it was paused.
    left_ms    BIGINT,
    anonymous  BIGINT NOT NULL CHECK (anonymous IN (0, 1)),
    created_ms BIGINT NOT NULL,
    ended_ms   BIGINT,
    -- The message of its board; 0 if there is nowhere to post it, nothing while it is owed.
    board_message BIGINT,
    UNIQUE (id, server_id)
);

-- One session a channel, and as many channels as there are.
CREATE UNIQUE INDEX quiz_sessions_in_channel ON quiz_sessions (channel_id) WHERE course <> 'ended';
CREATE INDEX quiz_sessions_by_server ON quiz_sessions (server_id, id);

-- The questions of a session as they stood when it began: a later edit changes nothing in it.
CREATE TABLE quiz_questions (
    session_id  BIGINT NOT NULL REFERENCES quiz_sessions (id) ON DELETE CASCADE,
    place       BIGINT NOT NULL,
    item_id     BIGINT NOT NULL REFERENCES quiz_items (id),
    content     TEXT    NOT NULL,
    phase       TEXT    NOT NULL CHECK (phase IN ('waiting', 'open', 'revealed', 'skipped')),
    opened_ms   BIGINT,
    -- When it closes by itself.
    closes_ms   BIGINT,
    revealed_ms BIGINT,
    -- Its message.
    message_id  BIGINT,
    PRIMARY KEY (session_id, place)
);

CREATE UNIQUE INDEX quiz_questions_open ON quiz_questions (session_id) WHERE phase = 'open';
CREATE INDEX quiz_questions_by_item ON quiz_questions (item_id);

-- Who takes part. A member belongs to the session's own server.
CREATE TABLE quiz_members (
    session_id BIGINT NOT NULL,
    user_id    BIGINT NOT NULL,
    server_id  BIGINT NOT NULL,
    joined_ms  BIGINT NOT NULL,
    -- 1 who is named on the board.
    named      BIGINT NOT NULL DEFAULT 1 CHECK (named IN (0, 1)),
    PRIMARY KEY (session_id, user_id),
    FOREIGN KEY (session_id, server_id) REFERENCES quiz_sessions (id, server_id) ON DELETE CASCADE
);

CREATE INDEX quiz_members_by_user ON quiz_members (user_id);

-- One answer a person and question, by a member, changed once at most.
CREATE TABLE quiz_answers (
    session_id  BIGINT NOT NULL,
    place       BIGINT NOT NULL,
    user_id     BIGINT NOT NULL,
    -- JSON of the answer.
    answer      TEXT    NOT NULL,
    changes     BIGINT NOT NULL DEFAULT 0 CHECK (changes IN (0, 1)),
    answered_ms BIGINT NOT NULL,
    -- Thousandths of the score that the tutor gave to an open answer, and who did.
    mark        BIGINT CHECK (mark BETWEEN 0 AND 1000),
    marked_by   BIGINT,
    PRIMARY KEY (session_id, place, user_id),
    FOREIGN KEY (session_id, place) REFERENCES quiz_questions (session_id, place) ON DELETE CASCADE,
    FOREIGN KEY (session_id, user_id) REFERENCES quiz_members (session_id, user_id) ON DELETE CASCADE
);

CREATE INDEX quiz_answers_by_user ON quiz_answers (user_id);

-- What each student practises, by FSRS-6.
CREATE TABLE quiz_cards (
    user_id    BIGINT NOT NULL,
    item_id    BIGINT NOT NULL REFERENCES quiz_items (id) ON DELETE CASCADE,
    -- Nothing before the first answer.
    stability  DOUBLE PRECISION,
    difficulty DOUBLE PRECISION,
    last_ms    BIGINT,
    due_ms     BIGINT NOT NULL,
    answers    BIGINT NOT NULL DEFAULT 0,
    missed     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, item_id)
);

CREATE INDEX quiz_cards_due ON quiz_cards (user_id, due_ms);

-- Each answer that was practised.
CREATE TABLE quiz_reviews (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id     BIGINT NOT NULL,
    item_id     BIGINT NOT NULL REFERENCES quiz_items (id) ON DELETE CASCADE,
    answer      TEXT    NOT NULL,
    -- Thousandths.
    score       BIGINT NOT NULL,
    -- 1 to 4, as FSRS has it.
    rating      BIGINT NOT NULL,
    answered_ms BIGINT NOT NULL
);

CREATE INDEX quiz_reviews_by_user ON quiz_reviews (user_id, answered_ms);

-- What a student has chosen: 1 who wants to see how many days in a row they have practised.
CREATE TABLE quiz_learners (
    user_id BIGINT PRIMARY KEY NOT NULL,
    streak  BIGINT NOT NULL DEFAULT 0 CHECK (streak IN (0, 1))
);

-- Every act of a tutor. Nothing is changed or deleted here, but for the name of who had their data
-- deleted.
CREATE TABLE quiz_acts (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server_id  BIGINT NOT NULL,
    actor      BIGINT,
    act        TEXT    NOT NULL,
    item_id    BIGINT,
    session_id BIGINT,
    -- A few words, such as why something was rejected; never what a student wrote.
    details    TEXT    NOT NULL DEFAULT '',
    at_ms      BIGINT NOT NULL
);

CREATE INDEX quiz_acts_by_item ON quiz_acts (item_id);
CREATE INDEX quiz_acts_by_server ON quiz_acts (server_id, id);
CREATE INDEX quiz_acts_by_actor ON quiz_acts (actor);

CREATE FUNCTION quiz_check_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The lock waits for whoever is about to retire it.
    PERFORM 1 FROM quiz_items i JOIN quiz_sessions s ON s.server_id = i.server_id
    WHERE i.id = NEW.item_id AND s.id = NEW.session_id AND i.state = 'approved'
    FOR SHARE OF i;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'quiz: not approved' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER quiz_questions_approved BEFORE INSERT ON quiz_questions
FOR EACH ROW EXECUTE FUNCTION quiz_check_approved();

CREATE FUNCTION quiz_check_not_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM quiz_sessions WHERE id = NEW.session_id AND course <> 'ended' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'quiz: ended' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER quiz_members_late BEFORE INSERT ON quiz_members
FOR EACH ROW EXECUTE FUNCTION quiz_check_not_ended();

-- The locks are taken in the order in which a step takes them, the session first: an answer that
-- meets a reveal waits for it and is then refused.
CREATE FUNCTION quiz_check_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM quiz_sessions WHERE id = NEW.session_id AND course = 'running' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'quiz: closed' USING ERRCODE = 'check_violation';
    END IF;
    PERFORM 1 FROM quiz_questions
    WHERE session_id = NEW.session_id AND place = NEW.place AND phase = 'open'
      AND (closes_ms IS NULL OR NEW.answered_ms < closes_ms)
    FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'quiz: closed' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.session_id <> OLD.session_id OR NEW.place <> OLD.place
        OR NEW.user_id <> OLD.user_id OR OLD.changes <> 0 OR NEW.changes <> 1) THEN
        RAISE EXCEPTION 'quiz: closed' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER quiz_answers_open BEFORE INSERT ON quiz_answers
FOR EACH ROW EXECUTE FUNCTION quiz_check_open();

-- An answer belongs to who gave it; it changes once, and not after its question was closed.
CREATE TRIGGER quiz_answers_change
BEFORE UPDATE OF session_id, place, user_id, answer, changes, answered_ms ON quiz_answers
FOR EACH ROW EXECUTE FUNCTION quiz_check_open();

CREATE FUNCTION quiz_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation';
END $$;

-- What was revealed or skipped stays so.
CREATE TRIGGER quiz_questions_reopened BEFORE UPDATE OF phase ON quiz_questions
FOR EACH ROW WHEN (OLD.phase IN ('revealed', 'skipped') AND NEW.phase <> OLD.phase)
EXECUTE FUNCTION quiz_refuse('quiz: closed');

CREATE TRIGGER quiz_sessions_reopened BEFORE UPDATE OF course ON quiz_sessions
FOR EACH ROW WHEN (OLD.course = 'ended' AND NEW.course <> 'ended')
EXECUTE FUNCTION quiz_refuse('quiz: ended');

CREATE TRIGGER quiz_acts_kept BEFORE DELETE ON quiz_acts
FOR EACH ROW EXECUTE FUNCTION quiz_refuse('quiz: acts are kept');

CREATE TRIGGER quiz_acts_unchanged BEFORE UPDATE ON quiz_acts
FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.server_id <> OLD.server_id OR NEW.actor IS NOT NULL
    OR NEW.act <> OLD.act OR NEW.item_id IS DISTINCT FROM OLD.item_id
    OR NEW.session_id IS DISTINCT FROM OLD.session_id OR NEW.details <> OLD.details
    OR NEW.at_ms <> OLD.at_ms)
EXECUTE FUNCTION quiz_refuse('quiz: acts are kept');
