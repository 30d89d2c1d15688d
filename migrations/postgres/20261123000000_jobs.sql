-- Long work that survives a crash. "Running" is not stored: an open job that a living worker has
-- claimed is running, and a claim dies with its worker.
CREATE TABLE jobs (
    -- Numbers are never used twice: an old button must not reach a new job.
    id          BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What to do: its kind, and JSON.
    kind        TEXT    NOT NULL,
    request     TEXT    NOT NULL,
    -- One line for people.
    title       TEXT    NOT NULL,
    -- Who asked, and in which server; 0 is the shell.
    user_id     BIGINT  NOT NULL,
    server_id   BIGINT  NOT NULL,
    -- Units of work, for estimates.
    size        BIGINT  NOT NULL,
    -- Milliseconds it is expected to take, and its place in the fair order (docs/queue.md).
    cost_ms     BIGINT  NOT NULL,
    turn        BIGINT  NOT NULL,
    server_turn BIGINT  NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('open', 'done', 'failed', 'cancelled')),
    -- How often it was begun.
    attempt     BIGINT  NOT NULL DEFAULT 0,
    -- The worker that has claimed it.
    worker      TEXT,
    -- 1 when somebody asked to stop it, 2 when it is to be forgotten with its end.
    cancel      BIGINT  NOT NULL DEFAULT 0,
    -- JSON of how far it is, and a small picture of it.
    progress    TEXT,
    preview     BYTEA,
    -- The sentence that it ended with.
    outcome     TEXT,
    -- How to answer who asked; erased with the answer.
    reply       TEXT,
    -- 0 not yet, 1 answered, 2 could not be answered and waits in /queue.
    delivered   BIGINT  NOT NULL DEFAULT 0,
    -- Milliseconds since 1970.
    created_ms  BIGINT  NOT NULL,
    started_ms  BIGINT ,
    ended_ms    BIGINT ,
    -- Milliseconds that the last attempt took, by a clock that is never set.
    run_ms      BIGINT 
);

CREATE INDEX jobs_in_order ON jobs (turn, server_turn, id) WHERE state = 'open';
CREATE INDEX jobs_by_user ON jobs (user_id, state);
CREATE INDEX jobs_by_server ON jobs (server_id, state);
CREATE INDEX jobs_to_answer ON jobs (id) WHERE reply IS NOT NULL;
CREATE INDEX jobs_by_end ON jobs (kind, ended_ms);

-- How far each person and server has come in the fair order; the clocks of the two orders are
-- ('clock', 0) for people and ('clock', 1) for servers.
CREATE TABLE job_turns (
    scope TEXT    NOT NULL CHECK (scope IN ('clock', 'user', 'server')),
    key   BIGINT  NOT NULL,
    turn  BIGINT  NOT NULL,
    PRIMARY KEY (scope, key)
);

-- Who takes jobs. Whether a worker lives is told by its lock, not by this table.
CREATE TABLE workers (
    id         TEXT    PRIMARY KEY NOT NULL,
    started_ms BIGINT  NOT NULL
);
