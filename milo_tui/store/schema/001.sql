-- Times are seconds since the epoch; durations microseconds in the narrow attempt table, nanoseconds in turn.

CREATE TABLE run (
  number         INTEGER PRIMARY KEY AUTOINCREMENT,
  key            TEXT NOT NULL UNIQUE,
  suite          TEXT NOT NULL,
  suite_title    TEXT NOT NULL,
  suite_version  INTEGER NOT NULL,
  suite_digest   TEXT NOT NULL,
  scorer_version INTEGER NOT NULL,
  categories     TEXT NOT NULL,
  repeats        INTEGER NOT NULL,
  seed           INTEGER NOT NULL,
  simulated      INTEGER NOT NULL,
  phase          TEXT NOT NULL,
  created        REAL NOT NULL,
  finished       REAL,
  note           TEXT NOT NULL DEFAULT '',
  machine        TEXT NOT NULL DEFAULT '{}',
  runner_pid     INTEGER,
  runner_started REAL,
  binned         REAL
);

CREATE TABLE run_model (
  run         INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  id          TEXT NOT NULL,
  name        TEXT NOT NULL,
  location    TEXT NOT NULL CHECK (location IN ('local', 'api')),
  protocol    TEXT NOT NULL,
  simulated   INTEGER NOT NULL,
  memory_gb   REAL,
  sampling    TEXT NOT NULL,
  entry       TEXT NOT NULL,
  manifest    TEXT NOT NULL DEFAULT '{}',
  phase       TEXT NOT NULL,
  note        TEXT NOT NULL DEFAULT '',
  cold_start  REAL,
  peak_gb     REAL,
  PRIMARY KEY (run, position),
  UNIQUE (run, id)
) WITHOUT ROWID;

-- A prompt as it was when asked, once for all runs that asked it; `hash` is over the definition.
CREATE TABLE prompt (
  hash       TEXT PRIMARY KEY,
  id         TEXT NOT NULL,
  version    INTEGER NOT NULL,
  category   TEXT NOT NULL,
  title      TEXT NOT NULL,
  definition TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE run_prompt (
  run      INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  hash     TEXT NOT NULL REFERENCES prompt (hash),
  PRIMARY KEY (run, position)
) WITHOUT ROWID;

-- Narrow on purpose: lists and tables read this and nothing wider. model and prompt are positions.
CREATE TABLE attempt (
  id            INTEGER PRIMARY KEY,
  run           INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  model         INTEGER NOT NULL,
  prompt        INTEGER NOT NULL,
  repeat        INTEGER NOT NULL,
  number        INTEGER NOT NULL,
  outcome       TEXT NOT NULL,
  points        INTEGER CHECK (points BETWEEN 0 AND 3),
  latency_us    INTEGER,
  ttft_us       INTEGER,
  speed         REAL,
  input_tokens  INTEGER,
  output_tokens INTEGER,
  cached_tokens INTEGER,
  lost          TEXT NOT NULL DEFAULT '',
  error         TEXT NOT NULL DEFAULT '',
  started       REAL NOT NULL,
  ended         TEXT NOT NULL,
  UNIQUE (run, model, prompt, repeat, number)
);

CREATE TABLE turn (
  attempt            INTEGER NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
  position           INTEGER NOT NULL,
  text               TEXT NOT NULL,
  reasoning          TEXT NOT NULL,
  finish_reason      TEXT,
  complete           INTEGER NOT NULL,
  loss               TEXT,
  sent_at            REAL NOT NULL,
  headers_ns         INTEGER,
  first_event_ns     INTEGER,
  first_reasoning_ns INTEGER,
  first_text_ns      INTEGER,
  first_tool_call_ns INTEGER,
  last_delta_ns      INTEGER,
  end_ns             INTEGER,
  chunks             INTEGER NOT NULL,
  input_tokens       INTEGER,
  output_tokens      INTEGER,
  cached_tokens      INTEGER,
  cache_write_tokens INTEGER,
  reasoning_tokens   INTEGER,
  quirks             TEXT NOT NULL,
  server             TEXT NOT NULL,
  status             INTEGER,
  headers            TEXT NOT NULL,
  request            BLOB NOT NULL,
  response           BLOB NOT NULL,
  PRIMARY KEY (attempt, position)
) WITHOUT ROWID;

CREATE TABLE tool_call (
  attempt   INTEGER NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
  turn      INTEGER NOT NULL,
  position  INTEGER NOT NULL,
  call_id   TEXT NOT NULL,
  name      TEXT NOT NULL,
  arguments TEXT NOT NULL,
  result    TEXT,
  is_error  INTEGER,
  PRIMARY KEY (attempt, turn, position)
) WITHOUT ROWID;

-- Every score that an attempt ever got, each with its scorer's version.
CREATE TABLE check_result (
  attempt        INTEGER NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
  scorer_version INTEGER NOT NULL,
  position       INTEGER NOT NULL,
  title          TEXT NOT NULL,
  passed         INTEGER NOT NULL,
  reason         TEXT NOT NULL,
  PRIMARY KEY (attempt, scorer_version, position)
) WITHOUT ROWID;

-- Derived from attempt, in the transaction that writes the attempt, so that lists of runs stay quick.
CREATE TABLE run_summary (
  run        INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  model      INTEGER NOT NULL,
  points     INTEGER NOT NULL,
  scored     INTEGER NOT NULL,
  latency_us REAL,
  ttft_us    REAL,
  speed      REAL,
  PRIMARY KEY (run, model)
) WITHOUT ROWID;
